"""The official parsers of AsyncAPI and OpenAPI read the published documents."""

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.asyncapi import PATH as ASYNCAPI
from api.openapi import PATH as OPENAPI
from tests import node_judges

pytestmark = pytest.mark.judge

NEWER_VERSION = "asyncapi-latest-version"  # all that the parser has to say: 3.0 is what most tools read


def test_the_parser_of_asyncapi_finds_no_fault_and_everything_that_is_there() -> None:
    found = node_judges.ask("asyncapi", ASYNCAPI.read_text())
    assert [each for each in found["said"] if each["code"] != NEWER_VERSION] == []
    document = msgspec.json.decode(ASYNCAPI.read_bytes())
    assert sorted(found["channels"]) == sorted(document["channels"])
    assert found["messages"] == len(document["components"]["messages"])


def test_the_parser_of_asyncapi_finds_a_fault_that_is_there() -> None:
    document = msgspec.json.decode(ASYNCAPI.read_bytes())
    small = {name: document[name] for name in ("asyncapi", "info", "servers")}
    channel = {"address": "/loaders/ws", "servers": [{"$ref": "#/servers/sockets"}]}
    operation = {"action": "shout", "channel": {"$ref": "#/channels/loads"}}
    faulty = {**small, "channels": {"loads": channel}, "operations": {"send_loads": operation}}
    assert "operations/send_loads/action" in {each["path"] for each in node_judges.ask("asyncapi", faulty)["said"]}


def test_the_validator_of_openapi_finds_no_fault() -> None:
    errors = OpenAPIV31SpecValidator(msgspec.json.decode(OPENAPI.read_bytes())).iter_errors()
    assert [error.message for error in errors] == []


def test_the_validator_of_openapi_finds_a_fault_in_a_webhook() -> None:
    document = msgspec.json.decode(OPENAPI.read_bytes())
    document["webhooks"]["book_event"]["post"]["parameters"][0]["in"] = "body"
    assert list(OpenAPIV31SpecValidator(document).iter_errors())


def test_the_parser_of_openapi_finds_no_fault() -> None:
    assert node_judges.ask("openapi", OPENAPI.read_text()) == {"valid": True, "errors": [], "warnings": []}

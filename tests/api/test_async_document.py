"""The AsyncAPI document: it says what is really told, and nothing of what is sealed."""

import json
import re
from typing import Any, Literal, cast

import jsonschema_rs
import msgspec
import pytest

from api.async_messages import FORMS, SHOWN, contexts
from api.async_page import PATH as PAGE
from api.asyncapi import PATH, text
from api.webhooks import MEDIA_TYPE
from domain.catalogue import EVENTS
from schemas.settings import Settings
from store.codec import SHAPES
from tests.api.test_documents import references
from tests.books import ask
from tests.world import World
from workers import cloud_events
from workers.kafka import topics
from workers.kafka.records import Row, writer

STORED = """
    SELECT position, stream, version, type, data, append_end, recorded_at, meta
    FROM book.log
    ORDER BY position DESC
    LIMIT 100
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Return the document."""
    return msgspec.json.decode(text())


def whole(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with all that it refers to."""
    return {**schema, "components": document["components"], "$schema": "http://json-schema.org/draft-07/schema#"}


def test_the_file_is_what_the_events_and_routes_say() -> None:
    assert PATH.read_text() == text(), "python -m api.asyncapi writes it"


async def test_the_document_that_is_served_is_the_file(world: World) -> None:
    answer = await world.anyone.get("/asyncapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == msgspec.json.decode(PATH.read_bytes())


def test_everything_that_is_referred_to_is_there(told: dict[str, Any]) -> None:
    for reference in references(told):
        part: Any = told
        for word in reference.removeprefix("#/").split("/"):
            part = part[word]


def test_every_event_is_told_in_every_form(told: dict[str, Any]) -> None:
    channels = {name: set(channel["messages"]) for name, channel in told["channels"].items()}
    for stored_type in EVENTS:
        context = stored_type.partition(".")[0]
        places = ("events", "serverSentEvents", "callbacks", f"log.{context}")
        assert all({form.name(stored_type) for form in FORMS} & channels[place] for place in places), stored_type


def test_nothing_that_is_sealed_is_described_as_shown(told: dict[str, Any]) -> None:
    for stored_type, shape in SHAPES.items():
        shown = told["components"]["schemas"][stored_type]
        hidden = {*shape.sealed_fields.values(), "token_hash"}
        assert not hidden & {*shown["properties"], *shown["required"]}, stored_type


def test_there_is_a_topic_for_every_context_and_for_what_is_beside_the_log(told: dict[str, Any]) -> None:
    addresses = {channel["address"] for channel in told["channels"].values()}
    named = {it.removeprefix("{prefix}.") for it in addresses if it and it.startswith("{prefix}.")}
    assert named == {*contexts(), "positions", "commands", "commands.done", "commands.dead"}


def test_a_structured_cloudevent_is_called_what_it_is_called_when_it_is_sent() -> None:
    assert MEDIA_TYPE == cloud_events.STRUCTURED


def test_topics_are_described_as_they_are_made(told: dict[str, Any]) -> None:
    settings = Settings()
    described = {
        it["address"]: it["bindings"]["kafka"] for it in told["channels"].values() if "kafka" in it.get("bindings", {})
    }
    for topic in [*topics.event_topics(settings), topics.positions_topic(settings)]:
        said = described[topic.name.replace(settings.kafka_prefix, "{prefix}", 1)]
        assert (said["partitions"], said["replicas"]) == (topic.partitions, topic.replicas)
        for name, value in said["topicConfiguration"].items():
            assert topic.configs[name] == (value[0] if isinstance(value, list) else str(value))


async def test_what_is_shown_of_real_events_is_as_it_is_described(world: World, told: dict[str, Any]) -> None:
    await world.award(await world.team(), [await world.account()])
    auditor = await world.bot("events:read")
    page = (await auditor.get("/book/events", params={"limit": 200})).json()
    assert len(page["items"]) > 5
    for event in page["items"]:
        message = told["components"]["messages"][SHOWN.name(event["type"])]
        jsonschema_rs.validate(whole(told, message["payload"]), event)


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_what_is_published_of_real_events_is_as_it_is_described(
    world: World, told: dict[str, Any], shared_database_url: str, mode: Literal["structured", "binary"]
) -> None:
    await world.award(await world.team(), [await world.account()])
    write, found = writer(Settings(kafka_mode=mode)), cast("list[Any]", ask(shared_database_url, STORED))
    rows = [Row(*row) for row in found]
    assert any(b"sealed" in row.data for row in rows)
    for row in rows:
        record, message = write(row), told["components"]["messages"][f"{row.type}.{mode}"]
        assert f"{row.type}.{mode}" in told["channels"][f"log.{record.context}"]["messages"]
        jsonschema_rs.validate(whole(told, message["payload"]), json.loads(record.value))
        headers = told["components"]["messageTraits"][mode]["headers"]
        said = {name: value.decode() for name, value in record.headers}
        jsonschema_rs.validate(whole(told, headers), said)
        assert set(said) <= set(told["components"]["schemas"][headers["$ref"].split("/")[-1]]["properties"])


def test_an_event_with_another_body_is_not_what_is_described(told: dict[str, Any]) -> None:
    payload = told["components"]["messages"]["teams.TeamCreated"]["payload"]
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(whole(told, payload), {"type": "teams.TeamCreated", "data": {}})


async def test_the_page_shows_every_channel_and_every_event_and_holds_no_script(
    world: World, told: dict[str, Any]
) -> None:
    answer = await world.anyone.get(PAGE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    places = set(re.findall(r'id="([^"]+)"', answer.text))
    assert {f"channel-{name}" for name in told["channels"]} <= places
    assert {f"type-{stored_type}" for stored_type in EVENTS} <= places
    links = set(re.findall(r'(?:src|href)="#([^"]*)"', answer.text))
    assert links <= places
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")

"""Schemathesis sends what the published document allows, and what it forbids: every answer is one that is described."""

import asyncio
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.openapi import PATH
from tests.world import open_world

pytestmark = pytest.mark.judge

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES_MAX = 25


class Known(NamedTuple):
    """An app that may do everything, and one of everything."""

    auth: tuple[str, str]
    ids: dict[str, str]


@pytest.fixture(scope="session")
def known(base_url: str, shared_database_url: str) -> Known:
    async def furnish() -> Known:
        async with open_world(base_url, shared_database_url) as world:
            team = await world.team()
            ids = {"account": await world.account(team), "team": team, "award": await world.award(team)}
            return Known((world.manager.username, world.manager.password), {name: str(ids[name]) for name in ids})

    return asyncio.run(furnish())


schema = schemathesis.openapi.from_path(PATH)


@schema.parametrize()
@schema.given(names_known=st.booleans())
@settings(max_examples=EXAMPLES_MAX, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(case: Any, names_known: bool, known: Known, base_url: str) -> None:  # noqa: ANN401
    if names_known:
        case.path_parameters = {
            **(case.path_parameters or {}),
            **{n: known.ids[n] for n in case.path_parameters if n in known.ids},
        }
    case.call_and_validate(base_url=base_url, auth=known.auth, checks=CHECKS)

"""Schemathesis sends what the published document allows, and what it forbids: every answer is one that is described."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as limits
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
from tests.fake_discord import FakeDiscord, settings_for
from tests.servers import free_port, spawn, stop, wait_until_ready
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
EXAMPLES_MAX = 60
AFTER = "Guildbook-After"


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


@pytest.fixture(scope="session")
def hasty_url(base_url: str, shared_database_url: str, discord: FakeDiscord) -> Iterator[str]:
    """Run a server that does not wait for positions that never come; the projector is the shared one's."""
    port = str(free_port())
    settings = {**settings_for(discord), "GUILDBOOK_FRESHNESS_SECONDS_MAX": "0", "GUILDBOOK_BODY_SECONDS_MAX": "1"}
    process = spawn("serve", "--port", port, url=shared_database_url, settings=settings)
    wait_until_ready(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    stop(process)


schema = schemathesis.openapi.from_path(PATH)


@schema.parametrize()
@schema.given(names_known=st.booleans())
@limits(max_examples=EXAMPLES_MAX, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(case: Any, names_known: bool, known: Known, hasty_url: str) -> None:  # noqa: ANN401
    if names_known:
        case.path_parameters.update({name: known.ids[name] for name in case.path_parameters if name in known.ids})
    if str(case.headers.get(AFTER)).isdigit():
        case.headers[AFTER] = "1"  # any other would be waited for
    case.call_and_validate(base_url=hasty_url, auth=known.auth, checks=CHECKS)

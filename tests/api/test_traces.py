"""A request's trace is kept with what it writes, and goes on with the events wherever they are told."""

import json

import pytest

from schemas.settings import Settings
from tests.books import ask
from tests.world import World
from workers.kafka.records import Row, writer

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LAST = """
    SELECT position, stream, version, type, data, append_end, recorded_at, meta
    FROM book.log
    WHERE stream = %s
    ORDER BY position DESC
    LIMIT 1
"""


async def recorded(world: World, url: str, trace: str) -> Row:
    """Make a team within a trace, and return what the log holds of it."""
    made = await world.manager.post("/teams/new", {"name": "Azores"}, headers={"traceparent": trace})
    assert made.status_code == 201
    [row] = ask(url, LAST, f"teams-{made.json()['id']}")
    return Row(*row)  # pyright: ignore[reportArgumentType]


async def test_a_trace_goes_on_with_the_event(world: World, shared_database_url: str) -> None:
    row = await recorded(world, shared_database_url, TRACE)
    assert json.loads(row.meta)["trace"] == TRACE
    record = writer(Settings())(row)
    assert ("traceparent", TRACE.encode()) in record.headers
    assert json.loads(record.value)["traceparent"] == TRACE


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "none",
        f"{TRACE}-more",
        TRACE.upper(),
        TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        f"ff{TRACE[2:]}",
    ],
)
async def test_what_is_no_trace_is_left_out(world: World, shared_database_url: str, malformed: str) -> None:
    row = await recorded(world, shared_database_url, malformed)
    assert "trace" not in json.loads(row.meta)

"""Whether the server says how it is."""

import re

import psycopg

from projections.catalogue import PROJECTORS
from tests.world import World

STUCK_RELAY = """
    INSERT INTO operations.checkpoints (reader, position, fingerprint, stopped_at, error)
    VALUES ('kafka_relay', 0, '', 1, 'KafkaTimeoutError')
"""


async def test_a_running_server_lives(world: World) -> None:
    answer = await world.anyone.get("/health/live")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_ready_server_says_how_far_each_projector_is(world: World) -> None:
    made = await world.manager.post("/teams/new", {"name": "x"})
    answer = await world.anyone.get("/health/ready")
    health = answer.json()
    assert (answer.status_code, health["ready"], "reason" in health) == (200, True, True)
    readers = health["readers"]
    assert {projector.name for projector in PROJECTORS} <= set(readers)
    position = int(made.headers["Guildbook-Position"])
    own = [readers[projector.name] for projector in PROJECTORS]
    assert all(reader["position"] >= position and reader["lag"] >= 0 for reader in own)


async def test_a_relay_that_does_not_go_on_is_shown_and_keeps_nobody_from_being_served(
    world: World, shared_database_url: str
) -> None:
    with psycopg.connect(shared_database_url, autocommit=True) as connection:
        connection.execute(STUCK_RELAY)
        try:
            answer = await world.anyone.get("/health/ready")
            text = (await world.anyone.get("/metrics")).text
        finally:
            connection.execute("DELETE FROM operations.checkpoints WHERE reader = 'kafka_relay'")
    assert answer.status_code == 200
    relay = answer.json()["readers"]["kafka_relay"]
    assert (relay["position"], relay["stopped_at"], relay["error"]) == (0, 1, "KafkaTimeoutError")
    assert relay["needed"] is False
    assert 'guildbook_reader_stopped{reader="kafka_relay"} 1.0' in text
    assert 'guildbook_reader_position{reader="kafka_relay"} 0.0' in text
    assert re.search(r'guildbook_reader_lag_events\{reader="kafka_relay"\} [1-9]', text)


async def test_figures_are_counted_by_route_and_never_by_id(world: World) -> None:
    team = await world.team()
    await world.anyone.get(f"/team/{team}")
    for method, path in [("QUERY", "/teams/search"), ("ET", "/nothing"), ("GET", "/secret-path-123")]:
        await world.anyone.ask(method, path)
    text = (await world.anyone.get("/metrics")).text
    counted = re.findall(r'guildbook_http_requests_total\{method="([^"]*)",route="([^"]*)",status="(\d+)"\}', text)
    assert ("GET", "/team/{team:str}", "200") in counted
    assert {method for method, _, _ in counted} <= {"DELETE", "GET", "PATCH", "POST", "PUT", "other"}
    assert not any(re.search(r"/\d", route) or "secret" in route for _, route, _ in counted)
    assert 'guildbook_reader_lag_events{reader="accounts"}' in text
    assert 'guildbook_reader_stopped{reader="accounts"} 0.0' in text

"""Whether the server says how it is."""

import re

from projections.catalogue import PROJECTORS
from tests.world import World


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
    assert all(reader["position"] >= position and reader["lag"] >= 0 for reader in readers.values())


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

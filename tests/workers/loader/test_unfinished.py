"""Which loads are to be run, and which are silent, as the log has them."""

from domain.loads.commands import cancel_load
from store import log
from store.connections import connect
from tests.books import ORIGIN, opened
from tests.workers.loader.town import BOT, TARGET, ask_for_load, back_up, make_source, make_target
from workers.loader.unfinished import Unfinished, silent_loads, unfinished_loads

EXTERNAL = {"kind": "external", "gateway": None, "reported_by": BOT}


async def test_loads_that_have_not_ended_are_found_in_their_order(database_url: str) -> None:
    targets = [TARGET + 10_000 * n for n in range(4)]
    async with opened(database_url) as store, await connect(database_url) as connection:
        await make_source(store)
        await back_up(store)
        for target in targets:
            await make_target(store, guild=target)
        await ask_for_load(store, "ld_z", targets[0])
        await ask_for_load(store, "ld_y", targets[1], **EXTERNAL)
        await ask_for_load(store, "ld_refused", targets[0])
        await ask_for_load(store, "ld_ended", targets[2], **EXTERNAL)
        await store.execute(ORIGIN, cancel_load, load="ld_ended")
        head = await log.head(connection)
        await ask_for_load(store, "ld_later", targets[3])
        assert await unfinished_loads(connection, head) == [Unfinished("ld_z", "registry"), Unfinished("ld_y", None)]


async def test_a_load_is_silent_when_its_last_event_is_old(database_url: str) -> None:
    async with opened(database_url) as store, await connect(database_url) as connection:
        await make_source(store)
        await back_up(store)
        await make_target(store)
        await ask_for_load(store, "ld_1", **EXTERNAL)
        assert await silent_loads(connection, {"ld_1"}, 900) == []
        assert await silent_loads(connection, {"ld_1", "ld_2"}, 0) == [("ld_1", await log.head(connection))]

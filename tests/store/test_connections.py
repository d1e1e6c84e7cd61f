"""What every connection asks of the server."""

from collections.abc import Mapping

from store.connections import KEEPALIVES, connect, connect_sync

NOTICES = ["tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"]
ASKED = "SELECT name FROM pg_settings WHERE name LIKE 'tcp%' AND source = 'client' ORDER BY name"


async def test_the_server_is_told_to_notice_a_machine_that_has_vanished_with_a_lock(database_url: str) -> None:
    async with await connect(database_url) as connection:
        rows = await (await connection.execute(ASKED)).fetchall()
    assert [row[0] for row in rows] == NOTICES


async def test_a_server_that_has_vanished_is_noticed_also_by_whoever_waits_for_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        assert _asks(connection.info.get_parameters())
    with connect_sync(database_url) as blocking:
        assert _asks(blocking.info.get_parameters())


def _asks(parameters: Mapping[str, str]) -> bool:
    return {name: str(value) for name, value in KEEPALIVES.items()}.items() <= parameters.items()

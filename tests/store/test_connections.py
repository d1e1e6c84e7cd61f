"""What every connection asks of the server."""

from store.connections import connect

NOTICES = ["tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"]
ASKED = "SELECT name FROM pg_settings WHERE name LIKE 'tcp%' AND source = 'client' ORDER BY name"


async def test_the_server_is_told_to_notice_a_machine_that_has_vanished_with_a_lock(database_url: str) -> None:
    async with await connect(database_url) as connection:
        rows = await (await connection.execute(ASKED)).fetchall()
    assert [row[0] for row in rows] == NOTICES

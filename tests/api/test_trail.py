"""Looks are written down: by each process on its own, and never later than they should be."""

import hashlib
from datetime import UTC, datetime

from api.app import application
from api.parts import Parts
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import create_bot
from domain.privacy.commands import read_trail
from schemas.settings import Settings
from tests.books import KEY, ORIGIN, opened, projecting, shown
from tests.world import in_process

SECRET = "s" * 43


async def test_a_look_that_another_process_wrote_down_is_remembered_from_then_and_not_from_now(
    database_url: str,
) -> None:
    bot = {"app": 5, "name": "bot", "token_hash": hashlib.sha256(SECRET.encode()).hexdigest()}
    look = {"reader": "apps-5", "query": "stream apps-5", "reveals": False}
    async with opened(database_url) as store, projecting(database_url):
        await store.execute(ORIGIN, create_bot, **bot, scopes=(AUDITOR_SCOPE,), guilds=None)
        await store.execute(ORIGIN, read_trail, **look, at=datetime.now(UTC))
        await shown(database_url)
    parts = Parts(Settings(), database_url, KEY)
    async with parts.pool, in_process(application(parts), {"Authorization": f"Bot 5.{SECRET}"}) as http:
        assert (await http.get("/book/streams/apps-5")).status_code == 200
        assert not parts.looks
        assert (await http.get("/book/streams/apps-5/related")).status_code == 200
        assert (await http.get("/book/streams/apps-5?reveal=true")).status_code == 200
        assert list(parts.looks) == [("apps-5", "stream apps-5", True)]
        await parts.appender.close()

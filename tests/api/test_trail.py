"""Looks are written down: by each process on its own, and never later than they should be."""

import hashlib
from datetime import UTC, datetime

import pytest

from api.app import application
from api.parts import Parts
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import create_bot
from domain.permissions import OPERATOR
from domain.privacy.commands import read_trail
from domain.processes.create_account import create_account
from schemas.settings import Settings
from tests.api.book.problems import refused
from tests.books import KEY, ORIGIN, ask, opened, projecting, shown
from tests.domain.samples import profile
from tests.world import in_process

SECRET = "s" * 43
BOT = {"app": 5, "name": "bot", "token_hash": hashlib.sha256(SECRET.encode()).hexdigest()}
TOKEN = {"Authorization": f"Bot 5.{SECRET}"}


async def test_a_look_that_another_process_wrote_down_is_remembered_from_then_and_not_from_now(
    database_url: str,
) -> None:
    look = {"reader": "apps-5", "query": "stream apps-5", "reveals": False}
    async with opened(database_url) as store, projecting(database_url):
        await store.execute(ORIGIN, create_bot, **BOT, scopes=(AUDITOR_SCOPE,), guilds=None)
        await store.execute(ORIGIN, read_trail, **look, at=datetime.now(UTC))
        await shown(database_url)
    parts = Parts(Settings(), database_url, KEY)
    async with parts.pool, in_process(application(parts), TOKEN) as http:
        assert (await http.get("/book/streams/apps-5")).status_code == 200
        assert not parts.looks
        assert (await http.get("/book/streams/apps-5/related")).status_code == 200
        assert (await http.get("/book/streams/apps-5?reveal=true")).status_code == 200
        assert list(parts.looks) == [("apps-5", "stream apps-5", True)]
        await parts.appender.close()


async def test_what_takes_too_long_to_follow_is_refused_with_what_to_do(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.history.FOLDED_EVENTS_MAX", 1)
    async with opened(database_url) as store, projecting(database_url):
        await store.execute(ORIGIN, create_bot, **BOT, scopes=(AUDITOR_SCOPE,), guilds=None)
        await shown(database_url)
    parts = Parts(Settings(), database_url, KEY)
    async with parts.pool, in_process(application(parts), TOKEN) as http:
        for query in ("limit=2", "as_of=2"):
            status, detail = refused(await http.get(f"/book/streams/apps-5?{query}"))
            assert (status, "guildbook history" in detail, "/book/events" in detail) == (422, True, True)
        then = await http.get("/book/streams/apps-5?as_of=1")
        assert then.json()["step"]["version"] == 1
        await parts.appender.close()


async def test_what_is_sealed_by_a_key_that_was_changed_is_refused_and_the_rest_is_not(database_url: str) -> None:
    wishes = {"team": None, "permissions": 0, "signups_default": True}
    async with opened(database_url) as store, projecting(database_url):
        await store.execute(ORIGIN, create_bot, **BOT, scopes=(AUDITOR_SCOPE,), guilds=None)
        await store.execute(ORIGIN, create_account, OPERATOR, profile=profile(204), **wishes)
        await shown(database_url)
    ask(database_url, "UPDATE book.keys SET wrapped = 'x' WHERE subject = 'accounts-204'")
    parts = Parts(Settings(), database_url, KEY)
    async with parts.pool, in_process(application(parts), TOKEN) as http:
        status, detail = refused(await http.get("/book/streams/accounts-204"))
        assert (status, detail) == (503, "What is sealed there cannot be opened: its key is not what it was.")
        assert (await http.get("/book/streams/apps-5")).status_code == 200
        await parts.appender.close()

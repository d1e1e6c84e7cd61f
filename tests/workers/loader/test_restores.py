"""Loads after which the asking bot's settings are restored: part of the load, and done before it ends."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.apps.commands import create_bot
from domain.guilds.aggregate import CHANNEL, ROLE
from domain.guilds.commands import report_members
from domain.guilds.reports import MemberReport
from domain.loads.commands import cancel_load
from domain.loads.events import Options
from domain.permissions import OPERATOR
from domain.processes.execute_setting import execute_setting
from domain.processes.register_template import register_template
from domain.processes.setting_case import Ask
from domain.settings.aggregate import ROW, Row
from schemas.settings import Settings
from store.event_store import EventStore
from tests.books import ORIGIN, opened, projecting, shown, until
from tests.fake_discord_rest import TOKEN, FakeDiscordRest
from tests.guild_deeds import QUEUE, WORD
from tests.guild_samples import Sent
from tests.workers.loader.town import (
    BOT,
    OWNER,
    SOURCE,
    TARGET,
    ask_for_load,
    at_discord,
    back_up,
    ended,
    loading,
    make_source,
    make_target,
)
from workers.loader import runs
from workers.loader.settings import Ending, restore_id, restore_settings

SCOPES = ("loads:run", "settings:restore")
ROLES = 3


def column(name: str, kind: str, *, primary_key: bool = False, nullable: bool = False) -> Sent:
    inner = {**WORD, "kind": kind}
    texts: Sent = {"id": name, "name": name, "description": "", "placeholder": None}
    return {
        **texts,
        "column_type": {"type": "Scalar", "inner": inner},
        "primary_key": primary_key,
        "nullable": nullable,
        "hidden": [],
        "readonly": [],
    }


GREETINGS = {
    **QUEUE,
    "id": "greetings",
    "index_by": None,
    "columns": [column("role", "role", primary_key=True), column("text", "normal")],
}
NOTES = {
    **GREETINGS,
    "id": "notes",
    "columns": [column("text", "normal", primary_key=True), column("role", "role", nullable=True)],
}


async def settle(store: EventStore, url: str, scopes: tuple[str, ...] = SCOPES) -> None:
    """Let a bot have a greeting for each role of the source, in a template that both guilds are offered."""
    await make_source(store, roles=ROLES)
    await make_target(store)
    await store.execute(ORIGIN, create_bot, app=BOT, name="bot", token_hash="x", scopes=scopes)
    await store.execute(
        ORIGIN, register_template, name="greeter", owner=BOT, may_reserve=False, settings=[GREETINGS, NOTES]
    )
    for n in range(ROLES):
        await store.execute(ORIGIN, execute_setting, ask=_create("greetings", str(SOURCE + 1 + n), f"hello {n}"))
    await back_up(store)
    await shown(url)


def _create(setting: str, role: str, text: str) -> Ask:
    return Ask(
        guild=SOURCE,
        template="greeter",
        setting=setting,
        operation="Create",
        fields={"role": role, "text": text},
        actor=OPERATOR,
        user=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        operation_id="",
    )


async def greetings(store: EventStore) -> dict[str, str]:
    """Return what the target greets its roles with, and what it notes of them."""
    async with store.pool.connection() as connection:
        query = "SELECT stream FROM book.log WHERE starts_with(stream, %s) AND version = 1"
        rows = await (await connection.execute(query, (f"{ROW.stream(TARGET)}-",))).fetchall()
    found: list[Row] = [seen.state for seen in (await store.load_many(ROW, [row[0] for row in rows])).values()]
    return {str(row.fields["role"]): str(row.fields["text"]) for row in found}


async def test_settings_are_restored_before_the_load_ends(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await ask_for_load(store, bot=BOT, restore_settings=True, options=Options(channels=False))
        load = await ended(store)
        assert (load.outcome, load.error) == ("success", None)
        assert await greetings(store) == {load.pairs[str(SOURCE + 1 + n)].new: f"hello {n}" for n in range(ROLES)}
        await shown(database_url)
        async with store.pool.connection() as connection:
            [told] = await (await connection.execute("SELECT document::json ->> 'restore_id' FROM loads")).fetchall()
        assert told == (restore_id("ld_1"),)


@pytest.mark.parametrize("bot", [BOT, None])
async def test_settings_name_what_was_made_at_discord_before_anybody_has_told_the_book_of_it(
    database_url: str, discord: FakeDiscordRest, bot: int | None
) -> None:
    known = Settings(discord_api_url=discord.url, discord_bot_token=TOKEN)
    async with opened(database_url) as store, projecting(database_url), loading(database_url, known):
        await settle(store, database_url)
        await store.execute(ORIGIN, report_members, guild=TARGET, members=[MemberReport(id=OWNER)])
        guild = at_discord(discord, TARGET)
        await ask_for_load(store, bot=bot, restore_settings=True, gateway="discord")
        load = await ended(store)
        assert (load.outcome, load.error) == ("success", None)
        new = {load.pairs[str(SOURCE + 1 + n)].new: f"hello {n}" for n in range(ROLES)}
        assert await greetings(store) == new
        seen = await store.peek(ROLE, TARGET, int(min(new)))
        assert seen
        assert seen.name == guild.roles[int(min(new))]["name"]
        assert (await store.load(CHANNEL, CHANNEL.stream(TARGET, TARGET + 3000))).state is None  # deleted there


async def test_what_the_load_itself_has_deleted_is_not_named_by_what_it_restores(database_url: str) -> None:
    alone = Options(channels=False, delete_channels=False, settings=False)
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await store.execute(ORIGIN, execute_setting, ask=_create("notes", str(SOURCE + 1), "the first"))
        await back_up(store, backup="4k1vqx09zu")
        await ask_for_load(store, bot=BOT, options=alone)
        await ended(store)
        again = {"options": msgspec.structs.replace(alone, roles=False), "backup": "4k1vqx09zu"}
        await ask_for_load(store, "ld_2", bot=BOT, restore_settings=True, **again)
        assert len((await ended(store, "ld_2")).deleted) == ROLES
        assert await greetings(store) == {"None": "the first"}


async def test_a_load_that_nobody_asked_it_of_restores_nothing(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await ask_for_load(store, bot=BOT)
        await ended(store)
        assert await greetings(store) == {}


async def test_who_asks_without_a_bot_has_restored_what_they_may_write_themselves(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await store.execute(ORIGIN, report_members, guild=TARGET, members=[MemberReport(id=OWNER)])
        await ask_for_load(store, restore_settings=True)
        load = await ended(store)
        assert (load.outcome, load.error) == ("success", None)
        assert await greetings(store) == {load.pairs[str(SOURCE + 1 + n)].new: f"hello {n}" for n in range(ROLES)}


async def test_who_may_write_no_settings_when_the_load_is_done_has_none_restored(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)  # its owner is not in the target
        await ask_for_load(store, restore_settings=True)
        load = await ended(store)
        assert (load.outcome, "membership required" in (load.error or "")) == ("success", True)
        assert await greetings(store) == {}


async def test_a_load_that_is_cancelled_restores_nothing_more(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(store: EventStore, *args: Any) -> Ending:  # noqa: ANN401 - as the restore takes them
        await store.execute(ORIGIN, cancel_load, load="ld_1")
        await until(args[-1].is_ended)
        return await restore_settings(store, *args)

    monkeypatch.setattr(runs, "restore_settings", cancelled)
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await ask_for_load(store, bot=BOT, restore_settings=True)
        load = await ended(store)
        assert (load.outcome, len(load.pairs) > ROLES) == ("cancelled", True)
        assert await greetings(store) == {}


async def test_a_token_that_is_not_good_for_it_restores_nothing_and_the_load_says_so(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url, scopes=("loads:run",))
        await ask_for_load(store, bot=BOT, restore_settings=True)
        load = await ended(store)
        why = "The settings were not restored: the bot's token needs the scope settings:restore."
        assert (load.outcome, load.error) == ("success", why)
        assert await greetings(store) == {}


async def test_a_restore_that_was_interrupted_is_done_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Ending] = []

    async def interrupted(*args: Any) -> Ending:  # noqa: ANN401 - as the restore takes them
        tries.append(await restore_settings(*args))
        if len(tries) == 1:
            raise ConnectionResetError
        return tries[-1]

    monkeypatch.setattr(runs, "restore_settings", interrupted)
    monkeypatch.setattr(runs, "_may_pass", lambda error: isinstance(error, ConnectionResetError))
    async with opened(database_url) as store, projecting(database_url), loading(database_url):
        await settle(store, database_url)
        await ask_for_load(store, bot=BOT, restore_settings=True)
        load = await ended(store)
        assert (load.outcome, len(tries)) == ("success", 2)
        assert len(await greetings(store)) == ROLES
        async with store.pool.connection() as connection:
            query = "SELECT count(*) FROM book.log WHERE type = 'settings.RowCreated'"
            assert await (await connection.execute(query)).fetchone() == (2 * ROLES,)

"""Who may not restore settings, and what is wrong with asking for it."""

from typing import Any

import pytest

from domain.guilds.commands import apply_changes, bot_left
from domain.guilds.reports import RoleReport
from tests.api.antiraid.callers import Holder, open_session
from tests.api.antiraid.guildhall import Guildhall, made
from tests.api.book.problems import faults, refused
from tests.api.book.restores import RESTORE, Move, open_move
from tests.world import NOT_FOUND, World


@pytest.fixture
async def move(world: World) -> Move:
    """Return a move that is done, with one row to restore."""
    move = await open_move(world)
    await move.write(name="a")
    await move.loaded()
    return move


async def test_who_may_write_there_and_manage_the_source_restores(move: Move) -> None:
    assert made(await move.ask(by=move.source.steward))["totals"]["created"] == 1


async def test_who_may_not_write_in_the_target_does_not_restore(move: Move) -> None:
    for by in (move.source.member, move.source.stranger):
        status, detail = refused(await move.ask(by=by))
        assert (status, detail.startswith("This restore is not allowed.")) == (403, True)
    assert await move.rows() == []


async def test_who_may_not_manage_the_source_does_not_restore(move: Move) -> None:
    target = move.target
    target.owner = await open_session(move.world)
    await target.report()
    status, detail = refused(await move.ask(by=target.owner))
    assert (status, "MANAGE_GUILD" in detail) == (403, True)


async def test_when_the_source_is_gone_who_loaded_it_restores(world: World) -> None:
    move = await open_move(world)
    await move.write(name="a")
    loader, other = await open_session(world), move.source.steward
    await move.loaded(user=loader.account)
    await _make_steward(move.target, loader)
    assert refused(await move.ask(by=loader))[0] == 403
    await world.do(bot_left, guild=move.source.id, bot=move.source.bot.id)
    assert made(await move.ask(by=loader))["totals"]["created"] == 1
    assert made(await move.ask(by=other))["totals"]["unchanged"] == 1


async def _make_steward(hall: Guildhall, holder: Holder) -> None:
    hall.steward = holder
    await hall.report()


async def test_what_one_cannot_see_in_the_source_is_not_restored(world: World) -> None:
    move = await open_move(world, pings={"write_permission": "ADMINISTRATOR"})
    await move.write(name="a", token="secret")
    await move.loaded()
    role = RoleReport(id=int(move.target.middle), name="stewards", permissions=1 << 3)
    await world.do(apply_changes, guild=move.target.id, changes=[role])
    [setting] = made(await move.ask(by=move.source.steward))["settings"]
    assert [(row["action"], row["error"]["typ"]) for row in setting["rows"]] == [("skip", "permission_denied")]


async def test_a_token_needs_the_scope(move: Move) -> None:
    weak = await move.source.owner.issue(scopes=["settings:read"])
    assert refused(await move.ask(by=weak)) == (403, "This token does not have the 'settings:write' scope.")
    bot = await move.world.bot("settings:define")
    assert refused(await move.ask(by=bot)) == (403, "This token does not have the 'settings:restore' scope.")
    assert refused(await move.ask(by=Holder(move.world.http, "")))[0] == 401


async def test_a_bot_restores_its_own_settings(move: Move) -> None:
    assert made(await move.ask(by=move.source.bot))["totals"]["created"] == 1


async def test_a_bot_does_not_restore_those_of_another(move: Move) -> None:
    other = await move.world.bot()
    assert made(await move.ask(by=other))["settings"] == []
    assert refused(await move.ask(by=other, templates=[move.template]))[0] == 403


async def test_a_bot_asks_for_a_user_who_must_be_allowed(move: Move) -> None:
    bot, people = move.source.bot, move.source
    assert refused(await move.ask(by=bot, user_id=str(people.member.account)))[0] == 403
    assert made(await move.ask(by=bot, user_id=str(people.steward.account)))["totals"]["created"] == 1


async def test_a_bots_token_is_good_for_its_guilds_only(world: World) -> None:
    bot = await world.bot()
    move = await open_move(world, bot=bot)
    await move.loaded()
    for guilds in ([move.source.id], [move.target.id]):
        limited = await world.bot(guilds=guilds)
        assert refused(await move.ask(by=limited))[0] == 403


async def test_only_a_bot_asks_for_others(move: Move) -> None:
    answer = await move.ask(user_id=str(move.source.steward.account))
    assert faults(answer) == {"/user_id": "only a bot acts for others"}
    assert made(await move.ask(user_id=str(move.source.owner.account)))["totals"]["created"] == 1


async def test_nothing_is_restored_while_a_load_runs(move: Move) -> None:
    move.load += "x"
    await move.begin()
    assert refused(await move.ask()) == (409, "A load is running in the target.")
    await move.end("cancelled")
    made(await move.ask())


async def test_what_is_not_known_is_not_found(move: Move) -> None:
    owner, path = move.source.owner, RESTORE.format(move.target.id)
    unknown = RESTORE.format(NOT_FOUND)
    assert refused(await owner.post(unknown, {"source": "5"})) == (404, f"There is no guild {NOT_FOUND}.")
    assert refused(await owner.post(path, {"source": "5"}))[0] == 404
    assert refused(await owner.post(path, {"source": str(2**64 - 1)}))[0] == 404
    for backup in ("nosuchbackup", "with blanks in it", "x" * 300, "\u00e9"):
        assert refused(await owner.post(path, {"backup": backup})) == (404, f"There is no backup {backup}.")
    assert refused(await owner.post(path, {"backup": "nosuch", "source": "nosuch"}))[0] == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"source": None, "backup": None}, ""),
    ({"source": "abc"}, "/source"),
    ({"source": -1}, "/source"),
    ({"source": True}, "/source"),
    ({"source": "5", "backup": 7}, "/backup"),
    ({"source": "5", "dry_run": "yes"}, "/dry_run"),
    ({"source": "5", "dryrun": True}, "/dryrun"),
    ({"source": "5", "templates": "all"}, "/templates"),
    ({"source": "5", "templates": ["nosuch"]}, "/templates/0"),
    ({"source": "5", "on_conflict": "ask"}, "/on_conflict"),
    ({"source": "5", "user_id": "me"}, "/user_id"),
]


@pytest.mark.parametrize(("body", "where"), WRONG)
async def test_what_is_wrong_is_named(move: Move, body: dict[str, Any], where: str) -> None:
    answer = await move.source.owner.post(RESTORE.format(move.target.id), body)
    assert list(faults(answer)) == [where]


async def test_a_path_must_have_an_id(move: Move) -> None:
    assert refused(await move.source.owner.post(RESTORE.format("abc"), {"source": "5"}))[0] == 400
    assert refused(await move.source.owner.post(RESTORE.format(2**64 - 1), {"source": "5"}))[0] == 404
    assert refused(await move.source.owner.post(RESTORE.format(move.target.id), []))[0] in (400, 422)


async def test_a_backup_of_the_user_who_asks_may_be_anybodys(move: Move) -> None:
    backup = await move.backed_up()
    assert made(await move.ask(by=move.source.steward, backup=backup))["totals"]["created"] == 2

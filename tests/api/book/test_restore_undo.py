"""A restore of settings is undone: what it wrote is as it was before, unless somebody has changed it since."""

import pytest

from tests.api.antiraid.guildhall import made
from tests.api.book.problems import faults, refused
from tests.api.book.restores import Move, open_move
from tests.world import World

NOBODYS = "6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11"


@pytest.fixture
async def move(world: World) -> Move:
    """Return a move that is done, with a row that the target has, too, and one that it has not."""
    move = await open_move(world)
    await move.loaded()
    await move.write(name="a", room=move.source.room, token="new")
    await move.write(name="b")
    await move.write(name="a", hall=move.target, by="17", token="old")
    return move


async def restored(move: Move) -> str:
    report = made(await move.ask(on_conflict="overwrite"))
    assert report["totals"] == {"created": 1, "updated": 1, "unchanged": 0, "skipped": 0}
    return report["restore_id"]


async def test_what_a_restore_wrote_is_as_it_was_before(move: Move) -> None:
    before = await move.rows()
    restore = await restored(move)
    answer = await move.undo(restore)
    report = made(answer)
    assert list(report) == ["restore_id", "undone_id", "target_id", "dry_run", "position", "totals", "settings"]
    assert (report["undone_id"], report["restore_id"] != restore) == (restore, True)
    assert report["totals"] == {"created": 0, "updated": 1, "unchanged": 0, "skipped": 0, "deleted": 1}
    assert report["position"] == int(answer.headers["Guildbook-Position"])
    assert await move.rows() == before
    assert "old" not in answer.text


async def test_what_was_undone_is_not_undone_again(move: Move) -> None:
    restore = await restored(move)
    first = made(await move.undo(restore))
    again = made(await move.undo(restore))
    assert again["totals"] == {"created": 0, "updated": 0, "unchanged": 2, "skipped": 0, "deleted": 0}
    assert again["position"] <= first["position"]


async def test_what_was_changed_since_is_left_alone(move: Move) -> None:
    restore = await restored(move)
    await move.write(name="b", hall=move.target, by="99")
    report = made(await move.undo(restore))
    rows = {row["key"]["name"]: row for row in report["settings"][0]["rows"]}
    assert (rows["a"]["action"], rows["b"]["action"]) == ("update", "skip")
    assert rows["b"]["error"]["typ"] == "changed_since"
    assert {row["name"]: row["by"] for row in await move.rows()} == {"a": "17", "b": "99"}


async def test_undoing_is_undone(move: Move) -> None:
    restore = await restored(move)
    after = await move.rows()
    undone = made(await move.undo(restore))["restore_id"]
    report = made(await move.undo(undone))
    assert report["totals"] == {"created": 1, "updated": 1, "unchanged": 0, "skipped": 0, "deleted": 0}
    assert await move.rows() == after


async def test_undoing_can_be_tried(move: Move) -> None:
    restore = await restored(move)
    after = await move.rows()
    report = made(await move.undo(restore, dry_run=True))
    assert (report["position"], report["totals"]["deleted"], report["totals"]["updated"]) == (None, 1, 1)
    assert await move.rows() == after


async def test_who_may_write_undoes(move: Move) -> None:
    restore = await restored(move)
    for by in (move.source.member, move.source.stranger, await move.world.bot()):
        assert refused(await move.undo(restore, by=by))[0] == 403
    assert made(await move.undo(restore, by=move.source.bot))["totals"]["deleted"] == 1


async def test_a_restore_of_another_guild_is_not_found(move: Move) -> None:
    restore = await restored(move)
    assert refused(await move.undo(NOBODYS))[0] == 404
    move.target = move.source
    assert refused(await move.undo(restore))[0] == 404


async def test_a_restore_that_wrote_nothing_is_not_found(move: Move) -> None:
    await restored(move)
    nothing = made(await move.ask(on_conflict="overwrite"))["restore_id"]
    assert refused(await move.undo(nothing))[0] == 404


async def test_what_is_no_restore_is_named(move: Move) -> None:
    assert faults(await move.undo("nosuch")) == {"/restore_id": "must be the restore_id of a restore"}
    assert list(faults(await move.undo(NOBODYS, more=1))) == ["/more"]

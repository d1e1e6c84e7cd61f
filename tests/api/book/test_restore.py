"""Settings are restored in the guild that a load has filled: every id in them is right there."""

from typing import Any

import pytest

from tests.api.antiraid.guildhall import data, made
from tests.api.book.restores import Move, open_move
from tests.world import World

SECRET = "hush-hush"


@pytest.fixture
async def move(world: World) -> Move:
    """Return a move that is done."""
    move = await open_move(world)
    await move.loaded()
    return move


def rows_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what became of all rows."""
    return [row for setting in report["settings"] for row in setting["rows"]]


async def test_every_id_in_the_settings_is_right_in_the_target(move: Move) -> None:
    source, target = move.source, move.target
    await move.write(name="a", room=source.room, roles=[source.low, source.high], token=SECRET, by="17")
    for room in (source.room, source.other_room):
        fields = {"room": room, "mention": [source.low], "style": 1}
        data(made(await source.ask("Create", fields, by=source.owner))[move.template])
    order = [{"room": source.other_room, "slot": 1}, {"room": source.room, "slot": 2}]
    data(made(await source.ask("Reorder", order, by=source.owner))[move.template])
    report = made(await move.ask())
    assert report["totals"] == {"created": 3, "updated": 0, "unchanged": 0, "skipped": 0}
    roles = [target.low, target.high]
    assert await move.rows() == [{"name": "a", "room": target.room, "roles": roles, "token": SECRET, "by": "17"}]
    assert await move.rows("doorbell") == [
        {"room": target.other_room, "slot": 1, "mention": [target.low], "style": 1},
        {"room": target.room, "slot": 2, "mention": [target.low], "style": 1},
    ]


async def test_the_report_tells_what_was_done(move: Move) -> None:
    source, target = move.source, move.target
    lost = await move.lost_role()
    await move.write(name="a", room=source.room, roles=[source.low, lost])
    answer = await move.ask()
    report = made(answer)
    assert list(report) == [
        "restore_id", "source_id", "target_id", "backup_id", "dry_run", "mapping_position", "position", "totals",
        "settings",
    ]  # fmt: skip
    assert (report["source_id"], report["target_id"]) == (str(source.id), str(target.id))
    assert (report["backup_id"], report["dry_run"]) == (None, False)
    assert report["position"] == int(answer.headers["Guildbook-Position"]) > report["mapping_position"] > 0
    assert report["settings"] == [
        {
            "template": move.template,
            "setting": "pings",
            "rows": [
                {
                    "key": {"name": "a"},
                    "action": "create",
                    "changes": [
                        {"column": "room", "from": source.room, "to": target.room},
                        {"column": "roles", "from": [source.low, lost], "to": [target.low]},
                    ],
                    "unmapped": [{"column": "roles", "kind": "role", "value": lost, "kept": False}],
                    "error": None,
                    "reason": None,
                }
            ],
        }
    ]
    history = made(await target.history(move.template, None, by=source.owner))["items"]
    assert history == []
    path = f"/book/guilds/{target.id}/settings/{move.template}/pings/history"
    [deed] = made(await source.owner.get(path))["items"]
    assert (deed["operation"], deed["restore_id"]) == ("Create", report["restore_id"])


async def test_what_was_restored_is_not_restored_again(move: Move) -> None:
    await move.write(name="a", room=move.source.room, token=SECRET)
    first = made(await move.ask())
    for conflict in ("skip", "overwrite"):
        again = made(await move.ask(on_conflict=conflict))
        assert again["totals"] == {"created": 0, "updated": 0, "unchanged": 1, "skipped": 0}
        assert again["position"] == first["position"]


async def test_a_dry_run_writes_nothing_and_tells_the_same(move: Move) -> None:
    await move.write(name="a", room=move.source.room, token=SECRET)
    await move.write(name="b", roles=[await move.lost_role()])
    answer = await move.ask(dry_run=True)
    dry = made(answer)
    assert (dry["dry_run"], dry["position"], dry["totals"]["created"]) == (True, None, 2)
    assert "Guildbook-Position" not in answer.headers
    assert await move.rows() == []
    real = made(await move.ask())
    own = ("restore_id", "dry_run", "position")
    assert {name: it for name, it in dry.items() if name not in own} == {
        name: it for name, it in real.items() if name not in own
    }


async def test_rows_that_are_there_are_kept_or_overwritten(move: Move) -> None:
    source, target = move.source, move.target
    await move.write(name="a", room=source.room, token=SECRET)
    await move.write(name="a", hall=target, room=target.other_room, token="other")
    [kept] = rows_of(made(await move.ask()))
    assert (kept["action"], kept["error"]["type"], kept["changes"]) == ("skip", "RowExists", [])
    assert kept["reason"] == "There is already a row with this name"
    assert (await move.rows())[0]["token"] == "other"
    [changed] = rows_of(made(await move.ask(on_conflict="overwrite")))
    assert (changed["action"], changed["error"]) == ("update", None)
    assert changed["changes"] == [
        {"column": "room", "from": target.other_room, "to": target.room},
        {"column": "token", "from": "********", "to": "********"},
    ]
    [row] = await move.rows()
    assert (row["room"], row["token"]) == (target.room, SECRET)


async def test_a_password_is_copied_and_never_shown(move: Move) -> None:
    await move.write(name="a", token=SECRET)
    for body in ({"dry_run": True}, {}, {"on_conflict": "overwrite"}):
        assert SECRET not in (await move.ask(**body)).text
    assert (await move.rows())[0]["token"] == SECRET


async def test_what_cannot_be_mapped_goes_or_the_row_stays_behind(move: Move) -> None:
    source = move.source
    room, role = await move.lost_room(), await move.lost_role()
    await move.write(name="a", room=room, roles=[role, source.low])
    doorbell = {"room": source.other_room, "style": 1}
    data(made(await source.ask("Create", doorbell, by=source.owner))[move.template])
    move.load += "x"
    await move.loaded({source.other_room: "404"})
    pings, bell = rows_of(made(await move.ask()))
    assert (pings["action"], pings["changes"][0]) == ("create", {"column": "room", "from": room, "to": None})
    assert [each["value"] for each in pings["unmapped"]] == [room, role]
    assert (bell["action"], bell["error"]["check"]) == ("skip", "existence")
    assert (await move.rows())[0]["roles"] == [move.target.low]


async def test_a_template_may_keep_what_is_not_mapped(world: World) -> None:
    move = await open_move(world, pings={"unmapped": "keep", "references": "format"})
    await move.loaded()
    await move.write(name="a", room="5", roles=["6"])
    [row] = rows_of(made(await move.ask()))
    assert (row["action"], row["changes"], [it["kept"] for it in row["unmapped"]]) == ("create", [], [True, True])
    assert ((await move.rows())[0]["room"], (await move.rows())[0]["roles"]) == ("5", ["6"])


async def test_a_role_above_the_user_is_not_given(move: Move) -> None:
    source, target = move.source, move.target
    await move.write(name="a", roles=[source.high])
    await move.write(name="b", roles=[source.low])
    above, below = rows_of(made(await move.ask(by=source.steward)))
    assert (above["action"], above["error"]["typ"]) == ("skip", "permission_denied")
    assert below["action"] == "create"
    assert [row["name"] for row in await move.rows()] == ["b"]
    assert rows_of(made(await move.ask(by=target.owner)))[0]["action"] == "create"


async def test_only_the_named_templates_are_restored(move: Move) -> None:
    other = await move.source.offer(
        [{"id": "extra", "name": "x", "columns": [], "operations": ["Update"]}],
        guild_ids=[str(move.source.id), str(move.target.id)],
    )
    await move.write(name="a")
    assert made(await move.ask(templates=[other]))["settings"] == []
    assert made(await move.ask(templates=[move.template]))["totals"]["created"] == 1


async def test_a_backup_is_restored_as_it_was(move: Move) -> None:
    await move.write(name="a", by="17")
    backup = await move.backed_up()
    await move.write(name="a", by="18")
    await move.write(name="later")
    report = made(await move.ask(backup=backup.upper(), source="no id at all"))
    assert (report["backup_id"], report["source_id"]) == (backup, str(move.source.id))
    assert {row["name"]: row["by"] for row in await move.rows()} == {"a": "17", "marker": None}


async def test_an_unknown_backup_stands_for_the_source(move: Move) -> None:
    await move.write(name="a")
    report = made(await move.ask(backup="nosuchbackup"))
    assert (report["backup_id"], report["totals"]["created"]) == (None, 1)


async def test_a_guild_that_was_loaded_into_itself_is_put_right(world: World) -> None:
    move = await open_move(world)
    source = move.source
    await move.write(name="a", room=source.room, roles=[source.low])
    move.target = source
    await move.loaded({source.room: source.other_room, source.low: source.middle})
    [row] = rows_of(made(await move.ask()))
    assert row["action"] == "update"
    [now] = await move.rows()
    assert (now["room"], now["roles"]) == (source.other_room, [source.middle])
    assert made(await move.ask())["totals"]["unchanged"] == 1

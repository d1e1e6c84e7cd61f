"""Rows of one guild are restored in another: rewritten, under the rules of there, once."""

import msgspec
import pytest

from domain.guilds.events import ChannelDeleted, RoleDeleted
from domain.processes.restore_settings import Part
from domain.settings.events import RowCreated, RowUpdated, SettingsRestored, TemplateRevised, TemplateWithdrawn
from domain.settings.restored import ColumnChange
from domain.settings.rewriting import Unmapped
from tests.domain.settings.community import (
    GUILD,
    HIGH,
    LOUNGE,
    LOW,
    MANAGER,
    MIDDLE,
    NOW_TEXT,
    OWNER,
    ROOM,
    Json,
    Value,
    column,
    key,
    scalar,
    setting,
    template,
    text,
)
from tests.domain.settings.moving import (
    IDS,
    LONG_AGO,
    LOST,
    MAPPED_AT,
    OLD_HIGH,
    OLD_LOW,
    OLD_MIDDLE,
    OLD_ROOM,
    READ_AT,
    RULES,
    SOURCE,
    Mover,
    actions,
    row,
)

SECRET: Json = {"token": "hush"}


def test_a_row_is_made_with_all_that_it_held() -> None:
    mover = Mover()
    [made] = mover.restore(row(room=str(OLD_ROOM), roles=[str(OLD_LOW), str(OLD_MIDDLE)], secrets=SECRET))
    begun, event = mover.said
    assert begun == SettingsRestored(
        guild=GUILD, restore="r1", source=SOURCE, at=READ_AT, mapping=MAPPED_AT, user=OWNER
    )
    assert isinstance(event, RowCreated)
    fields = {"name": "a", "room": str(ROOM), "roles": [str(LOW), str(MIDDLE)], "created_at": LONG_AGO}
    assert (event.restore, event.fields) == ("r1", {**fields, "last_updated_at": NOW_TEXT})
    assert (event.secrets, event.key, event.guild) == (SECRET, {"name": "a"}, GUILD)
    assert (made.action, made.unmapped, made.refusal) == ("create", (), None)
    assert made.changes == (
        ColumnChange("room", str(OLD_ROOM), str(ROOM)),
        ColumnChange("roles", [str(OLD_LOW), str(OLD_MIDDLE)], [str(LOW), str(MIDDLE)]),
    )


@pytest.mark.parametrize("overwrites", [False, True])
def test_the_same_rows_are_restored_once(overwrites: bool) -> None:
    mover, rows = Mover(), (row("a", roles=[str(OLD_LOW)], secrets=SECRET), row("b", room=str(LOST)))
    mover.restore(*rows)
    again = mover.restore(*rows, id="r2", overwrites=overwrites)
    assert (actions(again), mover.said) == (["unchanged", "unchanged"], [])


def test_a_row_that_is_there_and_is_other_stays() -> None:
    mover = Mover()
    mover.do("Create", {"name": "a", "token": "own"})
    [kept] = mover.restore(row(secrets=SECRET))
    assert (kept.action, mover.said) == ("skip", [])
    assert kept.refusal is not None
    assert kept.refusal.wire() == {"type": "RowExists", "column_id": "name", "count": 1}


def test_a_row_that_is_there_is_overwritten_when_that_is_wished() -> None:
    mover = Mover()
    mover.do("Create", {"name": "a", "room": str(LOUNGE), "token": "own"})
    [changed] = mover.restore(row(room=str(OLD_ROOM), secrets=SECRET), overwrites=True)
    begun, event = mover.said
    assert isinstance(begun, SettingsRestored)
    assert begun.overwrites
    assert isinstance(event, RowUpdated)
    assert (event.before["room"], event.after["room"], event.restore) == (str(LOUNGE), str(ROOM), "r1")
    assert (event.secrets_before, event.secrets_after) == ({"token": "own"}, SECRET)
    assert changed.action == "update"
    assert ColumnChange("room", str(LOUNGE), str(ROOM)) in changed.changes
    assert ColumnChange("token", "********", "********") in changed.changes


def test_what_has_no_counterpart_is_told() -> None:
    mover = Mover()
    [made] = mover.restore(row(room=str(LOST), roles=[str(LOST), str(OLD_LOW)]))
    assert made.unmapped == (
        Unmapped("room", "channel", str(LOST), kept=False), Unmapped("roles", "role", str(LOST), kept=False)
    )  # fmt: skip
    assert (mover.there()[0].fields["room"], mover.there()[0].fields["roles"]) == (None, [str(LOW)])


def test_a_row_that_cannot_do_without_stays_behind() -> None:
    mover = Mover(rules=setting(key(), column("room", text("channel"))))
    lost, fine = mover.restore(row("a", room=str(LOST)), row("b", room=str(OLD_ROOM)))
    assert (lost.action, lost.key, len(lost.unmapped)) == ("skip", {"name": "a"}, 1)
    assert lost.refusal is not None
    assert lost.refusal.members["check"] == "mapping"
    assert fine.action == "create"


def test_what_is_in_the_target_already_is_its_own_counterpart() -> None:
    mover = Mover()
    [made] = mover.restore(row(room=str(LOUNGE), roles=[str(HIGH)]))
    assert (made.unmapped, made.changes) == ((), ())


def test_a_template_keeps_what_it_wants_to_keep() -> None:
    mover = Mover(unmapped="keep", references="format")
    [made] = mover.restore(row(room=str(LOST)))
    assert (made.action, made.unmapped) == ("create", (Unmapped("room", "channel", str(LOST), kept=True),))
    assert mover.there()[0].fields["room"] == str(LOST)


def test_the_primary_key_is_rewritten_as_well() -> None:
    mover = Mover(rules=setting(key("room", text("channel")), column("held", nullable=True)))
    old = row(room=str(OLD_ROOM), held="x")
    [made] = mover.restore(old)
    assert (made.action, made.key) == ("create", {"room": str(ROOM)})
    assert actions(mover.restore(old, id="r2")) == ["unchanged"]


def test_two_rows_that_become_one_are_not_both_restored() -> None:
    mover = Mover(rules=setting(key("room", text("channel")), column("held", nullable=True)))
    ids = {**IDS, "822": str(ROOM), "823": str(ROOM)}
    rows = [row(room=room, held=held) for room, held in ((str(OLD_ROOM), "x"), ("822", "y"), ("823", "x"))]
    for restore in ("r1", "r2"):
        restored = mover.restore(*rows, ids=ids, overwrites=True, id=restore)
        assert actions(restored)[1:] == ["skip", "unchanged"]
    assert [it.fields["held"] for it in mover.there()] == ["x"]


def test_what_earlier_parts_restored_is_not_restored_over() -> None:
    mover = Mover()
    first = mover.part(Part(template="keeper", setting="rules", rows=(row(room=str(OLD_ROOM)),)))
    assert len(first.claimed) == 1
    assert actions(mover.restore(row(), claimed=first.claimed, overwrites=True)) == ["skip"]
    assert not any(isinstance(event, SettingsRestored) for event in mover.said)


def test_a_restore_is_said_to_have_been_done_once() -> None:
    mover = Mover()
    for name in "ab":
        mover.restore(row(name))
    assert [type(event) for event in mover.said] == [RowCreated]


def test_rows_keep_their_order_after_those_that_are_there() -> None:
    mover = Mover(rules=setting(key(), column("slot", scalar("Integer")), index_by="slot"))
    mover.do("Create", {"name": "own"})
    mover.restore(row("c"), row("a"), row("b"))
    assert [it.key["name"] for it in mover.there()] == ["own", "c", "a", "b"]


def test_the_one_row_of_a_setting_is_restored() -> None:
    mover = Mover(rules=setting(column("room", text("channel"), nullable=True), operations=["View", "Update"]))
    alone = msgspec.structs.replace(row(), key={}, fields={"room": str(OLD_ROOM)})
    assert actions(mover.restore(alone)) == ["create"]
    assert mover.there()[0].fields == {"room": str(ROOM)}
    assert actions(mover.restore(alone, id="r2")) == ["unchanged"]


def test_the_one_row_of_a_setting_needs_what_changing_it_needs() -> None:
    only = setting(column("held", nullable=True), operations=["View", "Update"])
    mover = Mover(rules=only, user=MANAGER, operation_permissions={"Create": "ADMINISTRATOR"})
    alone = msgspec.structs.replace(row(), key={}, fields={"held": "x"})
    assert actions(mover.restore(alone)) == ["create"]


def test_in_one_guild_a_row_is_not_in_its_own_way() -> None:
    mover = Mover()
    mover.do("Create", {"name": "a", "room": str(LOUNGE)})
    itself = mover.there()[0]
    there: Json = {"source": GUILD, "ids": {str(LOUNGE): str(ROOM)}}
    assert actions(mover.restore(itself, **there)) == ["update"]
    assert actions(mover.restore(mover.there()[0], id="r2", **there)) == ["unchanged"]
    earlier = row("a", guild=GUILD, roles=[str(LOW)])
    assert actions(mover.restore(earlier, id="r3", **there)) == ["skip"]


def test_in_another_guild_even_a_copy_is_in_the_way() -> None:
    mover = Mover(references="format")
    copy = {"name": "a", "room": str(OLD_ROOM), "roles": [], "token": None}
    mover.do("Create", copy)
    same = row(**{**mover.there()[0].values(), "name": "a"})
    assert actions(mover.restore(same)) == ["skip"]


def test_in_one_guild_ids_are_followed_to_their_end() -> None:
    mover = Mover()
    mover.do("Create", {"name": "a", "room": str(LOUNGE)})
    there: Json = {"source": GUILD, "ids": {str(LOUNGE): "555", "555": str(ROOM)}}
    mover.restore(mover.there()[0], **there)
    assert mover.there()[0].fields["room"] == str(ROOM)


REFUSED: dict[str, tuple[Json, Json]] = {
    "SchemaTypeValidationError": ({"count": "x"}, {}),
    "MissingOrInvalidField": ({}, {}),
    "MaximumCountReached": ({"count": 1}, {"max_rows": 0}),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_row_must_be_right_by_the_rules_of_today(kind: str) -> None:
    fields, policy = REFUSED[kind]
    mover = Mover(rules=setting(key(), column("count", scalar("Integer"))), **policy)
    [skipped] = mover.restore(row(**fields))
    assert (skipped.action, mover.said) == ("skip", [])
    assert skipped.refusal is not None
    assert skipped.refusal.kind == kind


def test_rows_of_one_restore_count_for_each_other() -> None:
    mover = Mover(rules=setting(key(), column("held")), max_rows=2, unique=["held"])
    rows = [row(name, held=held) for name, held in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z"))]
    restored = mover.restore(*rows)
    assert actions(restored) == ["create", "skip", "create", "skip"]
    kinds = [it.refusal.kind for it in restored if it.refusal]
    assert kinds == ["RowExists", "MaximumCountReached"]


def test_trying_counts_what_was_tried_before() -> None:
    mover = Mover(max_rows=1)
    first = mover.part(Part(template="keeper", setting="rules", rows=(row("a"),)))
    untouched = Mover(max_rows=1)
    tried = Part(template="keeper", setting="rules", rows=(row("a"), row("b")), before=first.said)
    assert actions(untouched.part(tried).rows) == ["unchanged", "skip"]


def test_what_a_load_mapped_and_somebody_deleted_keeps_the_row_back() -> None:
    mover = Mover(ChannelDeleted(guild=GUILD, channel=ROOM), RoleDeleted(guild=GUILD, role=LOW))
    room, role = mover.restore(row("a", room=str(OLD_ROOM)), row("b", roles=[str(OLD_LOW)]))
    for skipped in (room, role):
        assert skipped.refusal is not None
        assert skipped.refusal.members["check"] == "existence"


def test_a_role_above_the_user_is_not_given() -> None:
    mover = Mover(user=MANAGER)
    above, below = mover.restore(row("a", roles=[str(OLD_HIGH)]), row("b", roles=[str(OLD_LOW)]))
    assert (actions([above, below]), above.key) == (["skip", "create"], {"name": "a"})
    assert above.refusal is not None
    assert above.refusal.members["typ"] == "permission_denied"


def test_what_cannot_be_done_by_hand_is_not_restored() -> None:
    mover = Mover(rules={**RULES, "operations": ["View", "Update"]})
    [skipped] = mover.restore(row())
    assert skipped.refusal is not None
    assert skipped.refusal.kind == "OperationNotSupported"


@pytest.mark.parametrize(
    "end",
    [
        TemplateWithdrawn(template="keeper"),
        TemplateRevised(template="keeper", settings=()),
        TemplateRevised(template="keeper", guilds=(1,), settings=(RULES,)),
        TemplateRevised(template="keeper", settings=({"id": 5},)),
    ],
)
def test_what_is_not_offered_any_more_is_passed_over(end: Value) -> None:
    mover = Mover(template(RULES), end)
    [skipped] = mover.restore(row())
    assert (skipped.action, skipped.key, mover.said) == ("skip", {"name": "a"}, [])
    assert skipped.refusal is not None

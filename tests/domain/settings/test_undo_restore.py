"""A restore is undone: every row that it wrote is what it was before, unless somebody has changed it since."""

import pytest

from domain.guilds.events import ChannelDeleted
from domain.processes.require_restore import RestoreDeniedError
from domain.processes.undo_restore import RestoreUnknownError
from domain.settings.events import RestoreUndone, RowCreated, RowDeleted, RowUpdated, TemplateRevised
from domain.settings.restored import ColumnChange
from tests.domain.settings.community import GUILD, LOUNGE, OWNER, PLAIN, ROOM, column, key, setting
from tests.domain.settings.moving import OLD_ROOM, RULES, Mover, actions, refused_with, row


def moved() -> Mover:
    """Return where a row was changed, and one was made."""
    mover = Mover()
    mover.do("Create", {"name": "a", "room": str(LOUNGE), "token": "own"})
    restored = mover.restore(row("a", room=str(OLD_ROOM), secrets={"token": "new"}), row("b"), overwrites=True)
    assert actions(restored) == ["update", "create"]
    return mover


def state(mover: Mover) -> dict[str, tuple[object, object]]:
    return {it.key["name"]: (it.fields["room"], it.secrets["token"]) for it in mover.there()}


def test_rows_are_what_they_were_before() -> None:
    mover = moved()
    undone = mover.undo_restore()
    assert [type(event) for event in mover.said] == [RestoreUndone, RowDeleted, RowUpdated]
    assert mover.said[0] == RestoreUndone(guild=GUILD, restore="u1", undone="r1", user=OWNER)
    assert {getattr(event, "restore", None) for event in mover.said} == {"u1"}
    assert (actions(undone), state(mover)) == (["delete", "update"], {"a": (str(LOUNGE), "own")})
    assert set(undone[1].changes) >= {
        ColumnChange("room", str(ROOM), str(LOUNGE)),
        ColumnChange("token", "********", "********"),
    }


def test_what_was_undone_is_not_undone_again() -> None:
    mover = moved()
    mover.undo_restore()
    assert (actions(mover.undo_restore(id="u2")), mover.said) == (["unchanged", "unchanged"], [])


def test_what_was_changed_since_stays() -> None:
    mover = moved()
    mover.do("Update", {"name": "b", "room": str(LOUNGE)})
    mover.do("Delete", {"name": "a"})
    undone = mover.undo_restore()
    assert (actions(undone), mover.said) == (["skip", "skip"], [])
    assert [it.refusal.members["typ"] for it in undone if it.refusal] == ["changed_since"] * 2


def test_what_was_changed_back_by_hand_is_so_already() -> None:
    mover = moved()
    mover.do("Delete", {"name": "b"})
    assert actions(mover.undo_restore()) == ["unchanged", "update"]


def test_undoing_is_undone() -> None:
    mover = moved()
    after = state(mover)
    mover.undo_restore()
    undone = mover.undo_restore("u1", id="u2")
    assert (sorted(actions(undone)), state(mover)) == (["create", "update"], after)
    assert {type(event) for event in mover.said} == {RestoreUndone, RowCreated, RowUpdated}


def test_rows_change_places_back() -> None:
    """What one row gives up another had before: the last that was written goes first."""
    mover = Mover(rules=setting(key(), column("held", nullable=True)), unique=["held"])
    mover.do("Create", {"name": "a", "held": "x"})
    mover.restore(row("a", held="y"), row("b", held="x"), overwrites=True)
    assert actions(mover.undo_restore()) == ["delete", "update"]
    assert [it.fields for it in mover.there()] == [{"name": "a", "held": "x"}]


def test_who_may_write_undoes() -> None:
    mover = moved()
    assert isinstance(refused_with(lambda: mover.undo_restore(user=PLAIN)), RestoreDeniedError)
    assert mover.said == []


def test_a_restore_of_another_guild_is_not_known() -> None:
    mover = moved()
    assert isinstance(refused_with(lambda: mover.undo_restore(undone="nosuch")), RestoreUnknownError)
    assert isinstance(refused_with(lambda: mover.undo_restore(guild=404)), RestoreUnknownError)


def test_what_the_template_does_not_let_be_deleted_by_hand_goes_all_the_same() -> None:
    mover = Mover(rules={**RULES, "operations": ["View", "Create"]})
    mover.restore(row())
    assert actions(mover.undo_restore()) == ["delete"]


@pytest.mark.parametrize("settings", [(), (setting(key(), column("room"), column("new")),)])
def test_what_does_not_fit_any_more_is_told(settings: tuple[dict[str, object], ...]) -> None:
    mover = moved()
    mover.happens(TemplateRevised(template="keeper", settings=settings))
    assert "skip" in actions(mover.undo_restore())


def test_what_is_gone_from_the_guild_does_not_come_back() -> None:
    mover = moved()
    mover.happens(ChannelDeleted(guild=GUILD, channel=LOUNGE))
    made, changed = mover.undo_restore()
    assert (made.action, changed.action) == ("delete", "skip")
    assert changed.refusal is not None
    assert changed.refusal.members["check"] == "existence"

"""Who says what was read is answered only if it is still so; who does not is the last to write."""

import msgspec
import pytest

from domain.settings.aggregate import ROW, row_id, set_stream
from domain.settings.refusals import PreconditionFailedError, SettingUnknownError
from tests.domain.book import RecordedBook, run
from tests.domain.settings.community import (
    GUILD,
    PLAIN,
    Desk,
    Value,
    column,
    key,
    scalar,
    setting,
    template,
)

RULES = template(
    setting(
        key(),
        column("slot", scalar("Integer")),
        column("held", nullable=True),
        index_by="slot",
        operations=["Create", "Update", "Delete", "Put", "Ring"],
    ),
    rules={"custom": {"Put": "upsert"}},
)
SET = set_stream(GUILD, "keeper", "rules")
OTHER_SET = set_stream(GUILD, "other", "rules")
WRITES: dict[str, Value] = {
    "Create": {"name": "c"},
    "Update": {"name": "a", "held": "x"},
    "Delete": {"name": "a"},
    "Reorder": [{"name": "b", "slot": 1}, {"name": "a", "slot": 2}],
    "Put": {"name": "c"},
    "Ring": {},
}


def desk_with_rows() -> Desk:
    desk = Desk(RULES)
    for name in "ab":
        desk.do("Create", {"name": name})
    return desk


def newest(book: RecordedBook) -> str:
    return f"s{run(book.last_position_about(SET))}"


def tag_of(book: RecordedBook, name: str) -> str:
    return f"r{run(book.last_position(ROW, GUILD, row_id('keeper', 'rules', {'name': name})))}"


def stops(desk: Desk, operation: str, fields: Value, **more: Value) -> None:
    """Assert that nothing is written because something was changed."""
    with pytest.raises(PreconditionFailedError):
        desk.do(operation, fields, **more)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_knows_the_newest_of_the_setting_is_done(operation: str) -> None:
    desk = desk_with_rows()
    desk.do(operation, WRITES[operation], if_match=newest(desk.book), sets=(SET,))
    assert desk.said


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("tag", ["s0", "s1", "s999999", "before"])
def test_a_write_that_knows_another_state_of_the_setting_is_not(operation: str, tag: str) -> None:
    desk = desk_with_rows()
    read = newest(desk.book) if tag == "before" else tag
    desk.do("Update", {"name": "b", "held": "meanwhile"})
    stops(desk, operation, WRITES[operation], if_match=read, sets=(SET,))
    assert len(desk.rows()) == 2


@pytest.mark.parametrize("operation", ["Update", "Delete"])
def test_a_write_of_a_row_may_know_that_row_only(operation: str) -> None:
    desk = desk_with_rows()
    read = tag_of(desk.book, "a")
    desk.do("Update", {"name": "b", "held": "meanwhile"})
    desk.do(operation, WRITES[operation], if_match=read)


@pytest.mark.parametrize("operation", ["Update", "Delete"])
def test_a_row_that_was_changed_meanwhile_is_not_written(operation: str) -> None:
    desk = desk_with_rows()
    read = tag_of(desk.book, "a")
    desk.do("Update", {"name": "a", "held": "meanwhile"})
    stops(desk, operation, WRITES[operation], if_match=read)


@pytest.mark.parametrize("operation", ["Update", "Delete"])
def test_a_row_that_was_deleted_meanwhile_was_changed(operation: str) -> None:
    desk = desk_with_rows()
    read = tag_of(desk.book, "a")
    desk.do("Delete", {"name": "a"})
    stops(desk, operation, WRITES[operation], if_match=read)


def test_a_row_that_never_was_is_unknown_and_not_changed() -> None:
    desk = desk_with_rows()
    assert desk.refused("Update", {"name": "z"}, if_match="r3") == {"type": "RowDoesNotExist", "column_id": "name"}


def test_the_newest_of_all_templates_counts() -> None:
    desk = desk_with_rows()
    desk.do("Create", {"name": "c"}, if_match=newest(desk.book), sets=(OTHER_SET, SET))
    stops(desk, "Create", {"name": "d"}, if_match="s0", sets=(OTHER_SET, SET))


def test_a_template_that_follows_another_needs_only_that_nothing_is_newer() -> None:
    desk = desk_with_rows()
    desk.do("Create", {"name": "c"}, if_match="s999", sets=(SET,), continues=True)
    stops(desk, "Create", {"name": "d"}, if_match="s1", sets=(SET,), continues=True)


def test_who_may_not_write_is_told_so_before() -> None:
    desk = desk_with_rows()
    assert desk.refused("Delete", {"name": "a"}, if_match="s0", sets=(SET,), user=PLAIN)["typ"] == "permission_denied"


def test_the_last_who_writes_without_reading_wins() -> None:
    desk = desk_with_rows()
    for text in ("mine", "yours"):
        desk.do("Update", {"name": "a", "held": text})
    assert desk.row(name="a").fields["held"] == "yours"


@pytest.mark.parametrize("where", [{"template": "unknown"}, {"setting": "unknown"}, {"guild": 921}])
def test_what_is_not_defined_is_not_written(where: dict[str, Value]) -> None:
    desk = Desk(msgspec.structs.replace(RULES, guilds=(GUILD,)))
    with pytest.raises(SettingUnknownError):
        desk.do("Create", {"name": "a"}, **where)

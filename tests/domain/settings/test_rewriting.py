"""Rows are rewritten by what ids have become: what is an id is looked up, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.settings.definitions import Defined, parse_template
from domain.settings.rewriting import KINDS, Unmapped, ids_named, rewrite, settled
from tests.domain.settings.community import Json, Value, array, column, key, scalar, setting, text

COLUMNS = (
    column("one", text("role")),
    column("none", text("channel"), nullable=True),
    column("many", array(kind="role")),
    column("emoji", array(kind="emoji")),
    column("user", text("user"), nullable=True),
    column("plain"),
    column("json", scalar("Json"), nullable=True),
    column("count", scalar("Integer"), nullable=True),
    column("secret", text("password"), nullable=True),
)
SNOWFLAKES = st.integers(10**15, 10**15 + 30).map(str)
MAPPINGS = st.dictionaries(SNOWFLAKES, st.integers(2 * 10**15, 2 * 10**15 + 30).map(str))
LOOSE = st.one_of(st.none(), st.text(max_size=5), SNOWFLAKES)
ROWS = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=3), "one": SNOWFLAKES, "many": st.lists(SNOWFLAKES, max_size=5)},
    optional={
        "none": LOOSE,
        "emoji": st.lists(st.one_of(SNOWFLAKES, st.just("\u2764"), SNOWFLAKES.map("<a:wave:{}>".format)), max_size=3),
        "user": SNOWFLAKES,
        "plain": LOOSE,
        "json": st.dictionaries(SNOWFLAKES, SNOWFLAKES, max_size=3),
        "count": st.integers(10**15, 10**15 + 30),
        "secret": SNOWFLAKES,
        "newer": SNOWFLAKES,
    },
)


def defined(*columns: Json, **policy: Value) -> Defined:
    definition = setting(key(), *(columns or COLUMNS))
    return parse_template("keeper", 77, (definition,), {"rules": policy})["rules"]


KEEPING = defined(unmapped="keep")
DROPPING = defined()


@given(ROWS, MAPPINGS, st.sets(SNOWFLAKES))
def test_only_ids_of_things_in_a_guild_change(row: Json, ids: dict[str, str], roles: set[str]) -> None:
    values = rewrite(DROPPING, row, ids, {"role": roles}).values
    assert {name for name in row if values[name] != row[name]} <= {"one", "none", "many", "emoji"}
    assert values.keys() == row.keys()


@given(ROWS, MAPPINGS, st.sets(SNOWFLAKES))
def test_every_id_is_mapped_or_there_or_told_of(row: Json, ids: dict[str, str], roles: set[str]) -> None:
    rewritten = rewrite(DROPPING, row, ids, {"role": roles})
    told = {each.value for each in rewritten.unmapped if each.column == "many"}
    kept = [item for item in row["many"] if item not in told]
    assert rewritten.values["many"] == [ids.get(item, item) for item in kept]
    assert set(kept) <= ids.keys() | roles
    assert told == set(row["many"]) - ids.keys() - roles


@given(ROWS, MAPPINGS, st.sets(SNOWFLAKES))
def test_what_was_rewritten_is_right_already(row: Json, ids: dict[str, str], roles: set[str]) -> None:
    present = {"role": roles | set(ids.values()), "channel": set(ids.values()), "emoji": set(ids.values())}
    once = rewrite(DROPPING, row, ids, present)
    again = rewrite(DROPPING, once.values, ids, present)
    assert (again.values, {each.column for each in again.unmapped}) == (once.values, {"one"} if once.refusal else set())


@given(ROWS, MAPPINGS)
def test_keeping_loses_nothing(row: Json, ids: dict[str, str]) -> None:
    rewritten = rewrite(KEEPING, row, ids, {})
    assert rewritten.refusal is None
    assert rewritten.values["many"] == [ids.get(item, item) for item in row["many"]]
    assert rewritten.values["one"] == ids.get(row["one"], row["one"])
    assert all(each.kept for each in rewritten.unmapped)


@given(ROWS, MAPPINGS)
def test_a_value_that_must_be_there_keeps_the_row_back(row: Json, ids: dict[str, str]) -> None:
    refusal = rewrite(DROPPING, row, ids, {}).refusal
    assert (refusal is None) == (row["one"] in ids)
    if refusal is not None:
        assert (refusal.kind, refusal.members["check"]) == ("SchemaCheckValidationError", "mapping")


@given(st.dictionaries(st.integers(0, 9).map(str), st.integers(0, 9).map(str)))
def test_following_ids_to_their_end_comes_to_an_end(ids: dict[str, str]) -> None:
    ends = settled(ids)
    assert ends.keys() == ids.keys()
    assert all(ends.get(end, end) == end for end in ends.values())


def test_an_id_is_followed_to_what_it_is_in_the_end() -> None:
    assert settled({"1": "2", "2": "3", "4": "4", "5": "6", "6": "6"}) == {
        "1": "3", "2": "3", "4": "4", "5": "6", "6": "6"
    }  # fmt: skip
    assert settled({"1": "2", "2": "1", "3": "1"}) == {"1": "1", "2": "2", "3": "3"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_id_is_rewritten(kind: str) -> None:
    row = defined(column("one", text(kind), nullable=True), column("many", array(kind=kind)))
    old, new, lost = "1" * 17, "2" * 17, "3" * 17
    found = rewrite(row, {"name": "a", "one": old, "many": [old, lost]}, {old: new}, {})
    assert found.values == {"name": "a", "one": new, "many": [new]}
    assert found.unmapped == (Unmapped("many", kind, lost, kept=False),)
    assert rewrite(row, {"name": "a", "one": lost}, {}, {}).values == {"name": "a", "one": None}


def test_a_primary_key_is_never_lost() -> None:
    row = defined(key("room", text("channel"), nullable=True))
    assert rewrite(row, {"name": "a", "room": "5"}, {}, {}).refusal is not None
    assert rewrite(row, {"name": "a", "room": "5"}, {"5": "6"}, {}).values["room"] == "6"


@pytest.mark.parametrize("nothing", [None, "", [], "not an id", 5, {"5": "6"}, [None, 5, "x"]])
def test_what_is_no_id_stays(nothing: Value) -> None:
    for kind in KINDS:
        row = defined(column("one", text(kind)))
        assert rewrite(row, {"name": "a", "one": nothing}, {"5": "6"}, {}).values["one"] == nothing


def test_an_emoji_of_everybody_stays_and_a_guilds_own_is_looked_up() -> None:
    row = defined(column("many", array(kind="emoji")))
    emojis = ["\u2764", "<:wave:1111111111111111>", "wave:1111111111111111", "2222222222222222", "1\ufe0f\u20e3"]
    found = rewrite(row, {"name": "a", "many": emojis}, {"1111111111111111": "3333333333333333"}, {})
    assert found.values["many"] == ["\u2764", "<:wave:3333333333333333>", "wave:3333333333333333", "1\ufe0f\u20e3"]


def test_the_ids_that_a_row_names_are_known_by_kind() -> None:
    row = {"name": "1", "one": "5", "many": ["6", "7", "x"], "none": None, "user": "8", "plain": "9"}
    assert ids_named(DROPPING, row, "role") == {"5", "6", "7"}
    assert ids_named(DROPPING, row, "channel") == set()

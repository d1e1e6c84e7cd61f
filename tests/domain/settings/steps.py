"""Random operations, right and wrong, on a setting with many kinds of columns, by people of many ranks."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.domain.settings.community import (
    ADMIN,
    HIGH,
    LOUNGE,
    LOW,
    MANAGER,
    OWNER,
    PLAIN,
    ROLE_KEEPER,
    ROOM,
    STANDARD,
    STRANGER,
    Json,
    Value,
    array,
    column,
    key,
    scalar,
    setting,
    text,
)

STAMPS = ("created_at", "last_updated_at", "created_by", "last_updated_by")
DEFINITION: Json = setting(
    key(column_type=text(max_length=3)),
    column("slot", scalar("Integer"), hidden=["Put"]),
    column("room", text("channel"), nullable=True),
    column("keeper_role", text("role"), nullable=True),
    column("tip", {"type": "Widget", "inner": {"type": "Info", "message": "Mind the step"}}),
    column("pings", array(kind="role"), nullable=True),
    column("words", array(max_length=3)),
    column("level", scalar("Integer")),
    column("ratio", scalar("Float"), nullable=True),
    column("flags", scalar("BitFlag", values={"EMBED": 1, "DM": 2})),
    column("active", scalar("Boolean")),
    column("extra", scalar("Json"), nullable=True),
    column("sources", scalar("Json", style="template-content"), nullable=True, hidden=["Update"]),
    column("token", text("password"), nullable=True),
    column("style", text(allowed_values=["soft", "loud"])),
    column("ticket", text("uuid"), nullable=True),
    column("due", text("timestamp"), nullable=True),
    column("fixed", text("user"), nullable=True, readonly=["Update"]),
    column("ghost", scalar("Integer"), readonly=["Create"]),
    *(column(name, readonly=["Create", "Update"]) for name in STAMPS),
    index_by="slot",
    operations=[*STANDARD, "Put", "Ring"],
)
POLICY: Json = {
    "max_rows": 4,
    "unique": ["ticket"],
    "defaults": {"style": "soft", "ghost": 7},
    "custom": {"Put": "upsert", "Ring": "emit"},
}
UUIDS = [f"0000000{n}-0b1c-4d3e-8f90-a1b2c3d4e5f6" for n in range(2)]

RIGHT: dict[str, list[Value]] = {
    "slot": [0, 1, 2, 9, -1, None],
    "room": [str(ROOM), str(LOUNGE), None, ""],
    "keeper_role": [str(LOW), str(LOW), str(HIGH), None, ""],
    "pings": [[], [str(LOW)], [str(LOW), str(HIGH)], None, ""],
    "words": [["a"], ["a", "a"], [], None, ""],
    "level": [0, 1, -5],
    "ratio": [0.5, 1, None],
    "flags": [0, 1, 3],
    "active": [True, False],
    "extra": [None, "", {"a": [1]}, [True], 0],
    "sources": [{"init.luau": "return 1"}, {}, None],
    "token": ["one", "two", None, ""],
    "style": ["soft", "loud"],
    "ticket": [*UUIDS, None, ""],
    "due": ["2026-02-28T01:02:03Z", None, ""],
    "fixed": ["12", None, ""],
    "ghost": [1, 2],
    "title": ["ignored"],
    "tip": [1],
    **{name: ["", 5, None] for name in STAMPS},
}
WRONG: dict[str, list[Value]] = {
    "name": ["", None, 5, "long", [], {}],
    "slot": ["1", True, 1.0, 1 << 63],
    "room": ["999", "x", 5, str(LOW)],
    "keeper_role": ["999", "01", str(ROOM)],
    "pings": [[None], ["999"], str(LOW), [5]],
    "words": [["long"], "a", {}, [None]],
    "level": [None, "", 1.0, True, "1", 1 << 63],
    "ratio": ["", True, "1"],
    "flags": ["", 4, -1, None, True, "1"],
    "active": ["", None, 0, "true"],
    "sources": [{"a": 1}, [], "x"],
    "token": [5, "a\0"],
    "style": ["", "quiet", None, 1],
    "ticket": ["x", UUIDS[0] + "0", 5],
    "due": ["today", "2026-02-28T01:02:03", 5],
    "fixed": ["x", 5],
    "ghost": ["", None, "1"],
}
LEFT_OUT = "left out"

KEYS = ["a", "b", "c", "d", "e"]


class Step(NamedTuple):
    """One operation. Of an Undo, `fields` are the key and how many states of the row to go back; see `resolved`."""

    operation: str
    fields: Value
    user: int


def _pairs(values: dict[str, list[Value]]) -> list[tuple[str, Value]]:
    return [(name, value) for name, several in values.items() for value in several]


def _row(name: str, chosen: list[tuple[str, Value]], fault: tuple[str, Value] | None, base: Json) -> Json:
    fields = base | {"name": name} | dict(chosen)
    if fault:
        fields[fault[0]] = fault[1]
    return {column: value for column, value in fields.items() if value != LEFT_OUT}


def _rows(base: Json) -> st.SearchStrategy[Json]:
    faults = [*_pairs(WRONG), ("name", LEFT_OUT), ("level", LEFT_OUT), ("active", LEFT_OUT)]
    fault = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(faults))
    chosen = st.lists(st.sampled_from(_pairs(RIGHT)), max_size=6)
    return st.builds(_row, st.sampled_from(KEYS), chosen, fault, st.just(base))


def resolved(step: Step, names: list[str]) -> Step:
    """Return the step with the entries of a Reorder, which need the rows that there are, by name in their order."""
    if step.operation != "Reorder":
        return step
    order = sorted(names, key=lambda name: (step.fields["order"] * (ord(name) - 90)) % 101)
    return step._replace(fields=_entries(order or ["a"], step.fields["fault"]))


def _entries(names: list[str], fault: int) -> Value:
    """Put the rows into this order; some faults are none."""
    entries: list[Value] = [{"name": name, "slot": n, "level": "of no matter"} for n, name in enumerate(names, start=1)]
    last = names[-1]
    spoiled: list[Value] = [
        entries[:-1],
        [*entries, {"name": names[0], "slot": len(entries) + 1}],
        [*entries, {"name": "z", "slot": len(entries) + 1}],
        [*entries[:-1], {"name": last}],
        [*entries[:-1], {"name": last, "slot": True}],
        [*entries[:-1], {"name": last, "slot": 1}],
        [*entries[:-1], {"slot": len(entries)}],
        entries[0],
    ]
    return spoiled[fault] if fault < len(spoiled) else entries


users = st.one_of(
    st.just(OWNER), st.just(MANAGER), st.sampled_from([OWNER, MANAGER, ADMIN, PLAIN, ROLE_KEEPER, STRANGER])
)
keys = st.builds(lambda name: {"name": name}, st.sampled_from(KEYS))
orders = st.fixed_dictionaries({"order": st.integers(1, 100), "fault": st.integers(0, 25)})
undone = st.builds(lambda key, back: {"key": key, "back": back}, keys, st.integers(0, 3))
creations, changes = _rows({"level": 0, "active": True}), _rows({})
steps = st.one_of(
    st.builds(Step, st.just("Create"), creations, users),
    st.builds(Step, st.just("Create"), creations, users),
    st.builds(Step, st.just("Update"), changes, users),
    st.builds(Step, st.just("Update"), changes, users),
    st.builds(Step, st.just("Put"), creations, users),
    st.builds(Step, st.just("Delete"), keys, users),
    st.builds(Step, st.just("Reorder"), orders, users),
    st.builds(Step, st.just("Undo"), undone, users),
    st.builds(Step, st.sampled_from(["Ring", "Dance"]), changes, users),
    st.builds(Step, st.sampled_from(["Create", "Update", "Delete", "Put", "Ring"]), st.just([]), users),
)

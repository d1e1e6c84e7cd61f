"""Several processes write the same setting at the same moment: as if one after the other, nothing lost, all told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random

import pytest

from api.parts import Parts
from domain.permissions import Actor
from domain.processes.execute_setting import execute_setting
from domain.settings.refusals import PreconditionFailedError, SettingRefusedError
from schemas.templates import Deed
from tests.domain.settings.answers import Commanded
from tests.domain.settings.community import MANAGER, OWNER, Json, Value, column, key, scalar, setting, template
from tests.projections.test_runtime import is_a_replay
from tests.projections.town import Town, Written, moment, town

PROCESSES = 4
GUILDS = range(3000, 3030)
"""Where one race is run after the other."""
ROWS_MAX = 3
RULES = template(
    setting(
        key(),
        column("slot", scalar("Integer")),
        column("held", nullable=True),
        column("ticket", nullable=True),
        index_by="slot",
        operations=["Create", "Update", "Delete", "Put"],
    ),
    rules={"custom": {"Put": "upsert"}, "max_rows": ROWS_MAX, "unique": ["ticket"]},
)
WRITERS = [f"writer {n}" for n in range(PROCESSES)]


@asynccontextmanager
async def races(url: str) -> AsyncIterator[Town]:
    """Open the town, and hold its tables against a replay in the end."""
    async with town(url, RULES, GUILDS, PROCESSES) as place:
        yield place
        await place.rows(GUILDS[0])
        assert await is_a_replay(url, place.processes[0].store)


def user_of(writer: int) -> int:
    return (OWNER, MANAGER)[writer % 2]


async def race(place: Town, guild: int, *asked: tuple[str, Value], if_match: str | None = None) -> list[Written]:
    """Let writers do one of these each at the same moment, all having seen the same, through any of the processes."""
    order, random = await place.order(place.processes[0], guild), Random(guild)
    processes = random.sample(place.processes, len(asked))
    tasks = [
        asyncio.create_task(write(place, guild, n, process, asked[n], order=order, if_match=if_match))
        for n, process in random.sample(list(enumerate(processes)), len(asked))
    ]
    written = dict(await asyncio.gather(*tasks))
    return [written[n] for n in range(len(asked))]


async def write(
    place: Town, guild: int, writer: int, process: Parts, asked: tuple[str, Value], **more: Value
) -> tuple[int, Written]:
    """Do this through a process; return who did, and what it came to."""
    user = user_of(writer)
    ask = place.ask(guild, *asked, user=user, actor=Actor(account=user), **more)
    return writer, await place.write(process, Commanded(execute_setting, ask, {}))


async def begin(place: Town, guild: int, *names: str) -> int:
    """Create rows, through any of the processes, and return the position of the last."""
    position, random = 0, Random(f"the beginning of {guild}")
    for name in names:
        creation = "Create", {"name": name, "held": "start"}
        _, written = await write(place, guild, 0, random.choice(place.processes), creation)
        assert written.outcome
        position = written.outcome.position
    await asyncio.gather(*map(place.seen, place.processes))
    return position


def done(written: Sequence[Written]) -> list[int]:
    """Return who was let."""
    return [n for n, each in enumerate(written) if each.is_done()]


def refusals(written: Sequence[Written]) -> list[str]:
    """Return how the others were refused."""
    answers = [each.answer for each in written if not each.is_done()]
    return [it.kind if isinstance(it, SettingRefusedError) else type(it).__name__ for it in answers]


async def held(place: Town, guild: int) -> dict[str, Value]:
    """Return what the rows hold, by name, in their order."""
    return {row.fields["name"]: row.fields["held"] for _, row in (await place.rows(guild)).in_order()}


async def told(place: Town, guild: int, begun: int, written: Sequence[Written]) -> list[Deed]:
    """Return the history after the first events: exactly of those who were let, each with its time and its user."""
    history = (await place.history(guild))[begun:]
    outcomes = [(n, each.outcome) for n, each in enumerate(written) if each.outcome and each.outcome.recorded_at]
    expected = {it.position: (str(user_of(n)), it.recorded_at and moment(it.recorded_at)) for n, it in outcomes}
    assert {deed.position: (deed.actor.id, deed.at) for deed in history} == expected
    return history


def follows(history: Sequence[Deed], first: Json | None = None) -> bool:
    """Tell whether each began with what the one before it left."""
    states = [(None, first), *((deed.before, deed.after) for deed in history)]
    return all(one[1] == next_one[0] for one, next_one in pairwise(states))


@pytest.mark.parametrize("operation", ["Create", "Put"])
async def test_of_those_who_create_one_row_one_does(database_url: str, operation: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            written = await race(place, guild, *((operation, {"name": "a", "held": it}) for it in WRITERS))
            history = await told(place, guild, 0, written)
            assert [deed.operation for deed in history] == ["Create", *["Update"] * (len(done(written)) - 1)]
            assert follows(history)
            assert await held(place, guild) == {"a": (history[-1].after or {})["held"]}
            if operation == "Put":
                assert done(written) == list(range(PROCESSES))
            else:
                assert refusals(written) == ["RowExists"] * (PROCESSES - 1)


async def test_of_those_who_change_what_they_have_read_one_does_and_the_others_are_told(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            asked = [("Update", {"name": "a", "held": it}) for it in WRITERS]
            written = await race(place, guild, *asked, if_match=f"r{await begin(place, guild, 'a')}")
            [winner] = done(written)
            assert refusals(written) == [PreconditionFailedError.__name__] * (PROCESSES - 1)
            [change] = await told(place, guild, 1, written)
            assert ((change.before or {})["held"], (change.after or {})["held"]) == ("start", WRITERS[winner])
            assert await held(place, guild) == {"a": WRITERS[winner]}


async def test_of_those_who_change_without_reading_all_do_and_the_last_stays(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, "a")
            written = await race(place, guild, *(("Update", {"name": "a", "held": it}) for it in WRITERS))
            assert done(written) == list(range(PROCESSES))
            history = await told(place, guild, 1, written)
            assert sorted((deed.after or {})["held"] for deed in history) == WRITERS
            assert follows(history, history[0].before)
            assert await held(place, guild) == {"a": (history[-1].after or {})["held"]}


async def test_of_those_who_change_different_columns_none_undoes_the_other(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, "a")
            changes = {"held": "x"}, {"ticket": "7"}, {"slot": 1}
            written = await race(place, guild, *(("Update", {"name": "a", **change}) for change in changes))
            assert done(written) == [0, 1, 2]
            [(_, row)] = (await place.rows(guild)).in_order()
            assert row.fields == {"name": "a", "held": "x", "ticket": "7"}


async def test_of_those_who_want_the_last_place_one_has_it(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, "a", "b")
            written = await race(place, guild, *(("Create", {"name": it, "held": it}) for it in WRITERS))
            [winner] = done(written)
            assert refusals(written) == ["MaximumCountReached"] * (PROCESSES - 1)
            assert await held(place, guild) == {"a": "start", "b": "start", WRITERS[winner]: WRITERS[winner]}
            assert len(await told(place, guild, 2, written)) == 1


async def test_of_those_who_want_what_only_one_row_may_hold_one_has_it(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, "a")
            asked = [("Create", {"name": "b", "ticket": "7"}), ("Update", {"name": "a", "ticket": "7"})]
            written = await race(place, guild, *asked)
            assert len(done(written)) == 1
            assert refusals(written) == ["RowExists"]
            tickets = [row.fields["ticket"] for row in (await place.rows(guild)).rows]
            assert tickets.count("7") == 1
            assert len(await told(place, guild, 1, written)) == 1


async def test_a_row_that_is_changed_while_it_is_deleted_is_gone(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, "a")
            written = await race(place, guild, ("Update", {"name": "a", "held": "x"}), ("Delete", {"name": "a"}))
            changed, deleted = (each.is_done() for each in written)
            assert deleted
            assert refusals(written) == [] if changed else ["RowDoesNotExist"]
            history = await told(place, guild, 1, written)
            assert [deed.operation for deed in history] == [*["Update"] * changed, "Delete"]
            assert follows(history, history[0].before)
            assert await held(place, guild) == {}


async def test_a_row_is_changed_or_deleted_when_both_have_read_it(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            read = f"r{await begin(place, guild, 'a')}"
            asked = [("Update", {"name": "a", "held": "x"}), ("Delete", {"name": "a"})]
            written = await race(place, guild, *asked, if_match=read)
            assert refusals(written) == [PreconditionFailedError.__name__]
            [deed] = await told(place, guild, 1, written)
            assert await held(place, guild) == ({"a": "x"} if deed.operation == "Update" else {})


def sorting(names: str) -> tuple[str, Value]:
    return "Reorder", [{"name": name, "slot": place} for place, name in enumerate(names, start=1)]


async def test_rows_stand_as_the_last_who_sorted_them_said(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, *"abc")
            wishes = ["cba", "bca", "acb"]
            written = await race(place, guild, *map(sorting, wishes))
            assert done(written) == [0, 1, 2]
            history = await told(place, guild, 3, written)
            assert [deed.operation for deed in history] == ["Reorder"] * 3
            positions = [it.outcome.position for it in written if it.outcome]
            assert "".join(await held(place, guild)) == wishes[positions.index(max(positions))]


async def test_of_those_who_sort_what_they_have_read_one_does_and_the_others_are_told(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            read, wishes = f"s{await begin(place, guild, *'abc')}", ["cba", "bca", "acb"]
            written = await race(place, guild, *map(sorting, wishes), if_match=read)
            [winner] = done(written)
            assert refusals(written) == [PreconditionFailedError.__name__] * 2
            assert "".join(await held(place, guild)) == wishes[winner]
            assert len(await told(place, guild, 3, written)) == 1


@pytest.mark.parametrize(("operation", "name"), [("Create", "c"), ("Delete", "a")])
async def test_rows_are_sorted_all_or_not_at_all(database_url: str, operation: str, name: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, *"ab")
            written = await race(place, guild, sorting("ba"), (operation, {"name": name}))
            sort, other = (each.is_done() for each in written)
            assert other
            history = await told(place, guild, 2, written)
            assert [deed.operation for deed in history] == [*["Reorder"] * sort, operation]
            order = "ba" if sort else "ab"
            assert "".join(await held(place, guild)) == (f"{order}c" if operation == "Create" else "b")


async def test_rows_that_are_moved_at_once_all_have_one_place(database_url: str) -> None:
    async with races(database_url) as place:
        for guild in GUILDS:
            await begin(place, guild, *"abc")
            moves = [("Update", {"name": name, "slot": slot}) for name, slot in (("a", 3), ("b", 1), ("c", 2))]
            written = await race(place, guild, *moves)
            assert done(written) == [0, 1, 2]
            assert len(await told(place, guild, 3, written)) == 3
            assert sorted(await held(place, guild)) == [*"abc"]
            assert len(await place.order(place.processes[0], guild)) == 3

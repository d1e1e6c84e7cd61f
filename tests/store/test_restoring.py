"""A restore is written in appends of bounded size, each of which stands for itself; rows are read as they stood."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from domain.guilds.events import MemberLeft
from domain.kernel import Book, Event
from domain.permissions import Actor
from domain.processes.require_restore import LoadRunningError, RestoreDeniedError
from domain.processes.restore_settings import Restoring
from domain.processes.undo_restore import Undoing
from domain.settings.aggregate import ROW, row_id
from domain.settings.events import RowCreated, RowDeleted, RowsReordered, RowUpdated
from store import log, restoring
from store.event_store import EventStore, Outcome
from tests.books import ORIGIN, opened
from tests.domain.book import stream_of
from tests.domain.settings.community import (
    BOT,
    GUILD,
    NOW,
    OWNER,
    PEOPLE,
    array,
    column,
    key,
    scalar,
    setting,
    template,
    text,
)
from tests.domain.settings.moving import IDS, OLD_ROOM, SOURCE, THERE, load

NAME = ("keeper", "rules")
RULES = setting(
    key(),
    column("slot", scalar("Integer")),
    column("room", text("channel"), nullable=True),
    column("roles", array(kind="role")),
    column("token", text("password"), nullable=True),
    index_by="slot",
)
PART = 4


async def say(book: Book, *events: Event) -> None:
    for event in events:
        await book.last_position_about(stream_of(event))
        book.append(stream_of(event), [event])


def made(name: str, **more: Any) -> RowCreated:  # noqa: ANN401 - any field
    fields = {"name": name, "room": str(OLD_ROOM), "roles": []}
    told = {"guild": SOURCE, "template": "keeper", "setting": "rules", "key": {"name": name}, "index": 0}
    return RowCreated(**{**told, "fields": fields, **more})


class Crew:
    """A store with two guilds and a template, and who restores."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.cut_after: int | None = None
        self.appends = 0

    async def say(self, *events: Event) -> int:
        for event in events[:-1]:
            await self.store.execute(ORIGIN, say, event)
        return (await self.store.execute(ORIGIN, say, events[-1])).position

    async def record(self, command: Callable[..., Awaitable[Any]], *args: object) -> Outcome[Any]:
        """Execute a command; when it is time, somebody begins a load before it."""
        if self.appends == self.cut_after:
            await self.say(*load(load="ld_late", ended=None))
        self.appends += 1
        return await self.store.execute(ORIGIN, command, *args)

    async def restore(self, *, is_dry: bool = False, **more: Any) -> restoring.Report:  # noqa: ANN401 - any field
        wanted = {"id": "r1", "source": SOURCE, "target": GUILD, "at": 10**9, "ids": IDS, "mapping": 1, "now": NOW}
        who = {"actor": Actor(account=OWNER), "user": OWNER, "source_bots": (BOT,)}
        wish = Restoring(**{**wanted, **who, **more})
        return await restoring.restore(self.store, self.record, wish, [NAME, ("keeper", "none")], is_dry=is_dry)

    async def undo(self, *, is_dry: bool = False, **more: Any) -> restoring.Report:  # noqa: ANN401 - any field
        wanted = {"id": "u1", "undone": "r1", "guild": GUILD, "actor": Actor(account=OWNER), "user": OWNER, "now": NOW}
        return await restoring.undo(self.store, self.record, Undoing(**{**wanted, **more}), is_dry=is_dry)

    async def names(self, guild: int = GUILD, at: int = 10**9) -> list[str]:
        return [row.key["name"] for row in await restoring.rows_at(self.store, guild, *NAME, at)]

    async def head(self) -> int:
        async with self.store.pool.connection() as connection:
            return await log.head(connection)

    async def appended(self, after: int) -> list[int]:
        """Return how many events each append has that came after a position."""
        async with self.store.pool.connection() as connection:
            rows = await connection.execute("SELECT append_end FROM book.log WHERE position > %s", (after,))
            ends = [row[0] for row in await rows.fetchall()]
        return [ends.count(end) for end in sorted(set(ends))]


@pytest.fixture
async def crew(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Crew]:
    monkeypatch.setattr(restoring, "ROWS_MAX", PART)
    async with opened(database_url) as store:
        crew = Crew(store)
        await crew.say(*PEOPLE, *THERE, template(RULES))
        yield crew


def actions(report: restoring.Report) -> list[str]:
    return [row.action for setting in report.settings for row in setting.rows]


async def test_many_rows_are_written_in_parts(crew: Crew) -> None:
    head = await crew.say(*(made(f"n{n}") for n in range(10)))
    report = await crew.restore()
    assert actions(report) == ["create"] * 10
    assert await crew.appended(head) == [PART + 1, PART, 2]
    assert report.position == await crew.head()
    assert await crew.names() == [f"n{n}" for n in range(10)]
    assert actions(await crew.restore(id="r2")) == ["unchanged"] * 10
    assert report.position == await crew.head()


async def test_a_part_is_bounded_in_bytes(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    head = await crew.say(*(made(f"n{n}") for n in range(3)))
    monkeypatch.setattr(restoring, "BYTES_MAX", 10)
    await crew.restore()
    assert await crew.appended(head) == [2, 1, 1]


async def test_who_was_cut_off_asks_again_for_the_rest(crew: Crew) -> None:
    await crew.say(*(made(f"n{n}") for n in range(10)))
    crew.cut_after = 2
    report = await crew.restore()
    assert actions(report) == ["create"] * 8 + ["skip"] * 2
    refusals = [row.refusal for row in report.settings[0].rows[8:]]
    assert [refusal.members["typ"] for refusal in refusals if refusal] == ["interrupted"] * 2
    with pytest.raises(LoadRunningError):
        await crew.restore(id="r2")
    await crew.say(load(load="ld_late", ended="cancelled")[-1])
    assert actions(await crew.restore(id="r2")) == ["unchanged"] * 8 + ["create"] * 2


async def test_what_is_refused_at_once_is_refused(crew: Crew) -> None:
    await crew.say(made("a"))
    crew.cut_after = 0
    with pytest.raises(LoadRunningError):
        await crew.restore()
    assert await crew.names() == []


async def test_trying_counts_over_all_parts_and_writes_nothing(crew: Crew) -> None:
    await crew.say(template(RULES, name="keeper", rules={"max_rows": 6}), *(made(f"n{n}") for n in range(10)))
    head = await crew.head()
    dry = await crew.restore(is_dry=True)
    assert (dry.position, await crew.head()) == (None, head)
    assert actions(dry) == ["create"] * 6 + ["skip"] * 4
    assert actions(await crew.restore()) == actions(dry)


async def test_rows_are_read_as_they_stood_in_their_order(crew: Crew) -> None:
    first = await crew.say(made("a", secrets={"token": "x"}), made("b"), made("c", index=1))
    names = [row_id(*NAME, {"name": name}) for name in ("b", "c", "a")]
    where: dict[str, Any] = {"guild": SOURCE, "template": "keeper", "setting": "rules"}
    second = await crew.say(
        RowsReordered(**where, order=tuple(names)),
        RowUpdated(**where, key={"name": "a"}, before={"room": str(OLD_ROOM)}, after={"room": None}),
        RowDeleted(**where, key={"name": "c"}),
    )
    assert await crew.names(SOURCE, first) == ["c", "a", "b"]
    assert await crew.names(SOURCE, second) == ["b", "a"]
    assert await crew.names(SOURCE, 1) == []
    [row] = [it for it in await restoring.rows_at(crew.store, SOURCE, *NAME, first) if it.key == {"name": "a"}]
    assert row.values() == {"name": "a", "room": str(OLD_ROOM), "roles": [], "token": "x"}
    await crew.restore(at=first)
    assert await crew.names() == ["c", "a", "b"]


async def test_settings_without_rows_then_are_not_in_the_report(crew: Crew) -> None:
    first = await crew.head()
    await crew.say(made("a"))
    assert (await crew.restore(at=first)).settings == []
    assert [each[:2] for each in (await crew.restore()).settings] == [NAME]


async def test_a_refusal_is_known_before_anything_is_written(crew: Crew) -> None:
    await crew.say(made("a"), MemberLeft(guild=GUILD, user=OWNER))
    head = await crew.head()
    with pytest.raises(RestoreDeniedError):
        await crew.restore()
    assert (crew.appends, await crew.head()) == (0, head)


async def test_many_rows_are_undone_in_parts(crew: Crew) -> None:
    own = made("n3", guild=GUILD, fields={"name": "n3", "room": None, "roles": []}, secrets={"token": "own"})
    await crew.say(*(made(f"n{n}", secrets={"token": "new"}) for n in range(10)), own)
    await crew.restore(overwrites=True)
    head = await crew.head()
    dry = await crew.undo(is_dry=True)
    assert (dry.position, await crew.head(), actions(dry).count("delete")) == (None, head, 9)
    report = await crew.undo()
    assert (actions(report).count("delete"), actions(report).count("update")) == (9, 1)
    assert await crew.appended(head) == [PART + 1, PART, 2]
    [row] = await restoring.rows_at(crew.store, GUILD, *NAME, 10**9)
    assert (row.key, row.secrets) == ({"name": "n3"}, {"token": "own"})
    assert actions(await crew.undo(id="u2")) == ["unchanged"] * 10
    assert actions(await crew.undo(id="u3", undone="u1")).count("create") == 9
    assert len(await crew.names()) == 10


async def test_two_who_restore_at_once_write_every_row_once(crew: Crew) -> None:
    await crew.say(*(made(f"n{n}") for n in range(10)))
    reports = await gathered([partial(crew.restore, id=f"r{n}") for n in range(4)])
    counts = [actions(report).count("create") for report in reports]
    assert (sum(counts), len(await crew.names())) == (10, 10)


async def gathered(acts: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    return await asyncio.gather(*(act() for act in acts))


async def test_where_a_row_was_written_is_remembered_as_it_is(crew: Crew) -> None:
    """Of several events in one append, each has its own place: the next who asks is told that one."""
    await crew.say(made("a"), made("b"))
    changes = [
        RowUpdated(guild=SOURCE, template="keeper", setting="rules", key={"name": name}, after={"room": None})
        for name in "ab"
    ]
    end = (await crew.store.execute(ORIGIN, change, changes)).position
    seen = [crew.store.recall(stream_of(event)) for event in changes]
    assert [it.position for it in seen if it] == [end - 1, end]


async def change(book: Book, changes: Sequence[RowUpdated]) -> None:
    for event in changes:
        await book.load(ROW, SOURCE, row_id(*NAME, event.key))
        book.append(stream_of(event), [event])

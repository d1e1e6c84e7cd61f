"""A town of guilds with one bot: several processes write the settings of the guilds, and a projector shows them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import msgspec

from api.parts import Parts
from api.row_history import deeds
from domain.guilds.events import GuildEvent, RoleCreated
from domain.kernel import Book, Event
from domain.permissions import Actor
from domain.processes.setting_case import Ask, Done
from domain.settings.aggregate import row_id, set_stream
from domain.settings.definitions import Defined, parse_template
from domain.settings.events import SettingEvent, TemplateRegistered
from domain.settings.refusals import PreconditionFailedError, SettingRefusedError
from projections.settings.queries import RowsFound, row_ids_in_order, rows_of_setting
from schemas.templates import Deed
from store import log
from store.codec import Origin
from store.event_store import Outcome
from store.log import Recorded
from tests.books import ORIGIN, WAIT_SECONDS_MAX, projecting, shown
from tests.domain.book import stream_of
from tests.domain.settings.answers import Commanded
from tests.domain.settings.community import NOW, PEOPLE, Json, Value
from tests.processes import several

EVERYTHING = 2**31 - 1
SETTING, KEEPER = "rules", "keeper"
OPERATION_ID = "2d7e1f2a-0000-4000-8000-000000000001"

Refused = SettingRefusedError | PreconditionFailedError


class Written(NamedTuple):
    """What a command came to: an answer, or a refusal, and then there is no outcome."""

    answer: Done | Refused
    outcome: Outcome[Done] | None = None

    def is_done(self) -> bool:
        return self.outcome is not None


class Town(NamedTuple):
    """Guilds with the same template, and the processes that write for them."""

    processes: Sequence[Parts]
    defined: Defined

    def ask(self, guild: int, operation: str, fields: Value, *, user: int, **more: Value) -> Ask:
        """Return what a user asks for."""
        asked: Json = {
            "guild": guild,
            "template": KEEPER,
            "setting": SETTING,
            "operation": operation,
            "fields": fields,
            "actor": Actor(account=user),
            "user": user,
            "now": NOW,
            "operation_id": OPERATION_ID,
            "sets": (set_stream(guild, KEEPER, SETTING),),
        }
        return Ask(**asked | more)

    async def write(self, process: Parts, commanded: Commanded) -> Written:
        """Issue a command through a process, in the name of its user."""
        command, ask, more = commanded
        origin = Origin(actor=ask.actor.name(), surface="tests")
        try:
            outcome = await process.store.execute(origin, command, ask, **more)
        except (SettingRefusedError, PreconditionFailedError) as refusal:
            return Written(refusal)
        return Written(outcome.value, outcome)

    async def seen(self, process: Parts, position: int | None = None) -> None:
        """Return when a process sees everything up to a position, or up to the last."""
        assert await process.freshness.wait(await process.head() if position is None else position, WAIT_SECONDS_MAX)

    async def order(self, process: Parts, guild: int) -> tuple[str, ...]:
        """Return the order of the rows as the tables show it."""
        async with process.pool.connection() as connection:
            found = await row_ids_in_order(connection, guild, SETTING, [KEEPER])
        return found.get(KEEPER, ())

    async def rows(self, guild: int) -> RowsFound:
        """Return the rows that the tables show once they show everything."""
        process = self.processes[0]
        await self.seen(process)
        async with process.pool.connection() as connection:
            return (await rows_of_setting(connection, guild, SETTING, [KEEPER])).get(KEEPER, RowsFound())

    async def history(self, guild: int) -> list[Deed]:
        """Return what is shown of who did what, the oldest first."""
        newest = await deeds(self.processes[0], guild, self.defined, key=None, limit=EVERYTHING)
        return newest[::-1]

    async def recorded(self, *guilds: int) -> dict[int, list[Recorded]]:
        """Return what the log says of the settings of guilds."""
        process, found = self.processes[0], {guild: list[Recorded]() for guild in guilds}
        types = [event.stored_type for event in _kinds(SettingEvent)]
        async with process.pool.connection() as connection:
            _, events = await log.read(connection, process.store.keyring, 0, EVERYTHING, types)
        for it in events:
            assert isinstance(it.event, SettingEvent), it
            found[it.event.guild].append(it)
        return found


@asynccontextmanager
async def town(
    url: str, registered: TemplateRegistered, guilds: Sequence[int], processes: int = 2
) -> AsyncIterator[Town]:
    """Found the guilds, all with the same people, and open the processes and a projector."""
    settings = parse_template(registered.template, registered.owner, registered.settings, registered.policies)
    async with several(url, processes) as started, projecting(url):
        found = [registered, *(_moved(event, guild) for guild in guilds for event in PEOPLE)]
        await started[0].store.execute(ORIGIN, _say, found)
        await shown(url)
        yield Town(started, settings[SETTING])


async def _say(book: Book, events: Sequence[Event]) -> None:
    for event in events:
        book.append(stream_of(event), [event])


def _moved(event: Event, guild: int) -> Event:
    """Say of another guild what happened in the first."""
    assert isinstance(event, GuildEvent), event
    moved = msgspec.structs.replace(event, guild=guild)
    is_everyone = isinstance(moved, RoleCreated) and moved.role == event.guild
    return msgspec.structs.replace(moved, role=guild) if is_everyone else moved


def _kinds(event: type[Event]) -> list[type[Event]]:
    """Return all kinds of an event that are stored."""
    kinds = [kind for each in event.__subclasses__() for kind in _kinds(each)]
    return kinds or [event]


def named(name: str) -> str:
    """Return the id of the row of this name."""
    return row_id(KEEPER, SETTING, {"name": name})


def moment(at: datetime) -> str:
    """Return a time as history shows it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"

"""Puts a delivery into the outbox for every callback that is to be told of an append, in the projector's commit.

A body is frozen there: the state after the whole append, and what the append ended as it was just before.
It holds personal data, so it is kept only while it may still be sent (see `0003_deliveries.sql`).
"""

from collections.abc import Iterable, Sequence

import msgspec
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.accounts.events import AccountCreated, AccountDeleted, TeamChanged
from domain.awards.events import AwardDeleted, AwardGranted, AwardRevoked
from domain.callbacks.events import CallbackRegistered, CallbackRemoved
from domain.kernel import Event
from domain.teams.events import TeamDeleted
from projections.accounts.queries import accounts_by_id
from projections.teams.queries import teams_by_id
from schemas.polympics import Account, Award, Team
from store.log import Recorded
from workers.callbacks import bodies, outbox
from workers.callbacks.bodies import AwardOfTeam, Snapshot
from workers.callbacks.outbox import Made
from workers.cloud_events import cloud_event, http_headers

_logger = structlog.get_logger()


class CallbackFeed:
    """The feed of the callbacks (see `projections.runtime.Feed`)."""

    name = "callback_feed"

    def __init__(self, source: str = "/guildbook") -> None:
        self._source = source
        self._wanted: frozenset[str] = frozenset()

    def wants(self, append: Sequence[Recorded]) -> bool:
        """Tell whether somebody is to be told of it, or is not to be told anything any more."""
        return any(isinstance(recorded.event, CallbackRemoved) or self._kinds(recorded.event) for recorded in append)

    def is_changed_by(self, append: Sequence[Recorded]) -> bool:
        """Tell whether there is a new subscription."""
        return any(isinstance(recorded.event, CallbackRegistered) for recorded in append)

    async def refresh(self, connection: AsyncConnection[TupleRow]) -> None:
        """Learn what somebody is subscribed to."""
        rows = await (await connection.execute("SELECT DISTINCT event FROM callbacks")).fetchall()
        self._wanted = frozenset(row[0] for row in rows)

    async def before(self, connection: AsyncConnection[TupleRow], append: Sequence[Recorded]) -> Snapshot:
        """Return what the append is about to end."""
        events = [recorded.event for recorded in append]
        gone = await _accounts(connection, [e.account for e in events if isinstance(e, AccountDeleted)])
        known = await _with_keys(connection, list(gone), append[0].position)
        return Snapshot(
            accounts={key: it if key in known else _nameless(it) for key, it in gone.items()},
            teams=await _teams(connection, [e.team for e in events if isinstance(e, TeamDeleted)]),
            awards=await _awards(connection, [e.award for e in events if isinstance(e, AwardDeleted)]),
        )

    async def after(self, connection: AsyncConnection[TupleRow], append: Sequence[Recorded], seen: Snapshot) -> None:
        """Put in what is to be told, and take out what is for nobody any more."""
        removed = [recorded.event.callback for recorded in append if isinstance(recorded.event, CallbackRemoved)]
        if removed:
            await outbox.lock_lanes(connection)
            await outbox.cancel(connection, removed)
            await self.refresh(connection)
        told = [(recorded, kind) for recorded in append for kind in self._kinds(recorded.event)]
        if told:
            shown = await _shown(connection, [recorded.event for recorded, _ in told], seen)
            await outbox.add(connection, list(_made(told, shown, self._source)))

    def _kinds(self, event: Event) -> list[str]:
        return [kind for kind in bodies.kinds_of(event) if kind in self._wanted]


def _made(told: Sequence[tuple[Recorded, str]], shown: Snapshot, source: str) -> Iterable[Made]:
    for recorded, kind in told:
        event = recorded.event
        try:
            body = msgspec.json.encode(bodies.body_of(kind, event, shown))
        except KeyError:  # a feed that was stopped is shown what it missed with the tables as they are now
            _logger.warning("callback not made: it is gone", position=recorded.position, kind=kind)
        else:
            entity, state_of = bodies.entity_of(event), bodies.state_of(event)
            headers = msgspec.json.encode(_headers(recorded, source)).decode()
            yield Made(recorded.position, kind, event.stored_type, entity, state_of, body, headers)


def _headers(recorded: Recorded, source: str) -> dict[str, str]:
    """Return what makes a body a CloudEvent: it is about the event, whatever the body is."""
    event = cloud_event(
        source,
        position=recorded.position,
        stream=recorded.stream,
        version=recorded.version,
        stored_type=recorded.event.stored_type,
        append_end=recorded.append_end,
        recorded_at=recorded.recorded_at,
        meta=recorded.meta(),
    )
    return http_headers(event)


async def _with_keys(connection: AsyncConnection[TupleRow], ids: Sequence[int], before: int) -> set[int]:
    """Return those of these accounts whose key was made before a position and is not destroyed: nobody erased them."""
    query = "SELECT subject FROM book.keys WHERE subject = ANY(%b) AND made_after < %b"
    by_subject = {f"accounts-{account}": account for account in ids}
    rows = await (await connection.execute(query, (list(by_subject), before), binary=True)).fetchall() if ids else []
    return {by_subject[row[0]] for row in rows}


def _nameless(account: Account) -> Account:
    """Return what may be told of an account that is erased."""
    return msgspec.structs.replace(account, name="", discriminator="", avatar_url=None)


async def _shown(connection: AsyncConnection[TupleRow], events: Sequence[Event], before: Snapshot) -> Snapshot:
    holdings = [event for event in events if isinstance(event, AwardGranted | AwardRevoked)]
    awards = await _awards(connection, [event.award for event in holdings])
    owners = [award.team for award in (before.awards | awards).values() if award.team is not None]
    people = [e.account for e in events if isinstance(e, AccountCreated | TeamChanged | AwardGranted | AwardRevoked)]
    after = Snapshot(await _accounts(connection, people), await _teams(connection, owners), awards)
    return before.followed_by(after)


async def _accounts(connection: AsyncConnection[TupleRow], ids: Sequence[int]) -> dict[int, Account]:
    return await accounts_by_id(connection, sorted(set(ids))) if ids else {}


async def _teams(connection: AsyncConnection[TupleRow], ids: Sequence[int]) -> dict[int, Team]:
    return await teams_by_id(connection, sorted(set(ids))) if ids else {}


async def _awards(connection: AsyncConnection[TupleRow], ids: Sequence[int]) -> dict[int, AwardOfTeam]:
    if not ids:
        return {}
    query = "SELECT id, title, image_url, team FROM awards WHERE id = ANY(%b)"
    rows = await (await connection.execute(query, (sorted(set(ids)),), binary=True)).fetchall()
    return {row[0]: AwardOfTeam(Award(*row[:3]), row[3]) for row in rows}

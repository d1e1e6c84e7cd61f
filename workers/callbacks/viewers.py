"""What the apps that callbacks belong to may see, as the fan-out goes along the log."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.apps.aggregate import APP, AUDITOR_SCOPE
from domain.apps.events import BotTokenReset
from domain.guilds.events import MemberJoined
from domain.kernel import Event
from domain.permissions import Actor
from projections import checkpoints
from projections.guilds.projector import PROJECTOR as GUILDS
from projections.guilds.queries import guilds_of_member
from projections.sights import STANDING, STANDING_TYPES, Line, Sight
from schemas.book import BIGINT_MAX
from store.tail import told_after, told_of_stream

READ_POSITIONS_MAX = 5000
APP_EVENTS_MAX = 10_000


class Viewer:
    """One app: which guilds it is in now, and what its token is good for now. The past is shown by today's rights."""

    def __init__(self, app: int, guilds: set[int], as_of: int) -> None:
        self._app = app
        self._guilds = guilds
        self._as_of = as_of
        self.sight = self._sight((), None)

    def _sight(self, scopes: tuple[str, ...], guilds: tuple[int, ...] | None) -> Sight:
        limits = None if guilds is None else frozenset(guilds)
        sees_all, name = AUDITOR_SCOPE in scopes, Actor(app=self._app).name()
        return Sight(name, self._app, limits, sees_all=sees_all, guilds=self._guilds, as_of=BIGINT_MAX)

    def follow(self, event: Event, position: int) -> None:
        """Take in an event that may change what is seen."""
        if isinstance(event, BotTokenReset) and event.app == self._app:
            self.sight = self._sight(event.scopes, event.guilds)
        if isinstance(event, STANDING) and event.user == self._app and position > self._as_of:
            (self._guilds.add if isinstance(event, MemberJoined) else self._guilds.discard)(event.guild)


class Viewers:
    """All of them, by app."""

    def __init__(self) -> None:
        self._viewers: dict[int, Viewer] = {}

    def are_there(self) -> bool:
        """Tell whether any app is known: whoever is known is followed, also while it has no callback."""
        return bool(self._viewers)

    def sees(self, app: int, line: Line) -> bool:
        """Tell whether an app sees an event."""
        return self._viewers[app].sight.sees(line)

    def follow(self, event: Event, position: int) -> None:
        """Take in an event that may change what somebody sees."""
        app = event.user if isinstance(event, STANDING) else getattr(event, "app", None)
        if app in self._viewers:
            self._viewers[app].follow(event, position)

    async def learn(self, connection: AsyncConnection[TupleRow], app: int, position: int) -> None:
        """Get to know an app as of a position, or later where the query tables are further."""
        if app in self._viewers:
            return
        as_of = await _projected(connection)
        viewer = Viewer(app, await guilds_of_member(connection, app), as_of)
        for told in await told_of_stream(connection, APP.stream(app), 0, APP_EVENTS_MAX):
            viewer.follow(told.event, told.position)
        while as_of < position:
            limit = min(READ_POSITIONS_MAX, position - as_of)
            as_of, batch = await told_after(connection, as_of, limit, STANDING_TYPES)
            for told in batch:
                viewer.follow(told.event, told.position)
        self._viewers[app] = viewer


async def _projected(connection: AsyncConnection[TupleRow]) -> int:
    """Return how far the tables of guilds are at least."""
    places = {place.reader: place.position for place in await checkpoints.all_checkpoints(connection)}
    return places.get(GUILDS.name, 0)

"""Whether the process lives, whether it is of use, and its figures."""

import msgspec
from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest

from api.parts import Asked, parts_of
from projections.checkpoints import Checkpoint, all_checkpoints
from projections.delivery_figures import delivery_figures
from store.connections import DATABASE_DOWN

LAG_EVENTS_MAX = 100_000  # further behind, reads are history
# Kafka and receivers may be away, the notary may refuse to sign, a search reads the log where the index ends:
# requests are answered as they should be.
OUTWARD = ("kafka_relay", "callback_fanout", "notary", "eraser", "search")

LAG = Gauge("guildbook_reader_lag_events", "Positions between a reader and the head of the log.", ["reader"])
POSITION = Gauge("guildbook_reader_position", "How far into the log a reader is.", ["reader"])
STOPPED = Gauge("guildbook_reader_stopped", "1 when a poison event stopped the reader.", ["reader"])
CALLBACKS = Gauge(
    "guildbook_callbacks", "Callbacks that are held, that lag behind the log, and that only fail.", ["how"]
)
DELIVERIES = Gauge("guildbook_deliveries", "Deliveries that arrived, and that were given up.", ["state"])


class Reader(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one reader of the log is; `stopped_at` and `error` when a poison event stopped it.

    One that is not needed does its work behind the answers to requests.
    """

    position: int
    lag: int
    stopped_at: int | None = None
    error: str | None = None
    needed: bool = True


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests are answered as they should be, and why not."""

    ready: bool
    readers: dict[str, Reader]
    reason: str | None = None


def _answer(status: int, body: msgspec.Struct) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@get("/health/live", include_in_schema=False)
async def live() -> Response[bytes]:
    """Answer: the process does."""
    return _answer(200, Readiness(ready=True, readers={}))


@get("/health/ready", include_in_schema=False)
async def ready(request: Asked) -> Response[bytes]:
    """Answer 200 when the database is reached and every projector is up with the log, else 503."""
    try:
        readiness = _judge(await _checkpoints(request))
    except DATABASE_DOWN:
        readiness = Readiness(ready=False, readers={}, reason="The database cannot be reached.")
    return _answer(200 if readiness.ready else 503, readiness)


async def _checkpoints(request: Asked) -> list[Checkpoint]:
    async with parts_of(request).pool.connection() as connection:
        return await all_checkpoints(connection)


def _judge(places: list[Checkpoint]) -> Readiness:
    readers = {
        place.reader: Reader(place.position, place.lag, place.stopped_at, place.error, place.reader not in OUTWARD)
        for place in places
    }
    needed = {name: reader for name, reader in readers.items() if reader.needed}
    stopped = [name for name, reader in needed.items() if reader.stopped_at is not None]
    late = [name for name, reader in needed.items() if reader.lag > LAG_EVENTS_MAX]
    if not needed:
        return Readiness(ready=False, readers=readers, reason="Nothing was ever projected: is a projector running?")
    if stopped:
        return Readiness(ready=False, readers=readers, reason=f"Stopped by an event: {', '.join(stopped)}.")
    if late:
        return Readiness(ready=False, readers=readers, reason=f"Far behind the log: {', '.join(late)}.")
    return Readiness(ready=True, readers=readers)


@get("/metrics", include_in_schema=False)
async def metrics(request: Asked) -> Response[bytes]:
    """Return the figures of this process, and how far each reader is behind, for Prometheus."""
    for place in await _checkpoints(request):
        LAG.labels(place.reader).set(place.lag)
        POSITION.labels(place.reader).set(place.position)
        STOPPED.labels(place.reader).set(int(place.stopped_at is not None))
    await _set_figures_of_deliveries(request)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


async def _set_figures_of_deliveries(request: Asked) -> None:
    async with parts_of(request).pool.connection() as connection:
        figures = await delivery_figures(connection)
    for how in ("held", "lagging", "failing"):
        CALLBACKS.labels(how).set(getattr(figures, how))
    for state in ("delivered", "dead"):
        DELIVERIES.labels(state).set(getattr(figures, state))


ROUTES = (live, ready, metrics)

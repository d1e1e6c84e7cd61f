"""Events of loads, backups and templates as tests tell them, and a way to have them in the log."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.backups.events import BackupTaken
from domain.kernel import Book, Entity, Event
from domain.loads.events import IdsMapped, LoadFinished, LoadRefused, LoadStarted, ObjectsDeleted, Pair, PairKind
from domain.templates.events import TemplatePublished
from store.event_store import EventStore
from store.log import Recorded
from tests.books import ORIGIN

SOURCE, TARGET, USER = 7100, 7300, 64
DIGEST = "0" * 64
NOW = datetime(2026, 2, 3, 10, 20, 31, 4512, tzinfo=UTC)


async def tell(store: EventStore, *events: Event) -> int:
    """Append events as if somebody had decided on them, and return where the last one is."""
    return (await store.execute(ORIGIN, _tell, events)).position


async def _tell(book: Book, events: tuple[Event, ...]) -> None:
    for event in events:
        context = event.stored_type.partition(".")[0]
        entity = Entity[None](context, lambda _state, _event: None)
        its_id = getattr(event, context.removesuffix("s"))
        await book.load(entity, its_id)
        book.append(entity.stream(its_id), [event])


def recorded(*events: Event) -> list[Recorded]:
    """Return events as the log would hold them, from position 1 on, a second apart."""
    times = [NOW + timedelta(seconds=number) for number, _ in enumerate(events)]
    return [Recorded(n, "s", n, event, n, at, b"") for n, (event, at) in enumerate(zip(events, times, strict=True), 1)]


def started(load: str, **more: Any) -> LoadStarted:  # noqa: ANN401 - any field
    return LoadStarted(**{**_asked(load), **more})


def refused(load: str, **more: Any) -> LoadRefused:  # noqa: ANN401
    return LoadRefused(**{**_asked(load), **more})


def _asked(load: str) -> dict[str, Any]:
    what = {"kind": "internal", "type": "backup", "user": USER, "backup": "4k1vqx09zt", "gateway": "registry"}
    return {"load": load, "source": SOURCE, "target": TARGET, **what}


def mapped(load: str, ids: dict[str, str], kind: PairKind = "channel", *, source: int = SOURCE) -> IdsMapped:
    pairs = tuple(Pair(old, new, kind) for old, new in ids.items())
    return IdsMapped(load=load, source=source, target=TARGET, pairs=pairs)


def begun(load: str, *, source: int = SOURCE) -> IdsMapped:
    """Map the guild itself, as a load does first."""
    return mapped(load, {str(source): str(TARGET)}, "guild", source=source)


def deleted(load: str, *ids: str, source: int = SOURCE) -> ObjectsDeleted:
    return ObjectsDeleted(load=load, source=source, target=TARGET, ids=ids, step="delete_channels")


def finished(load: str, **more: Any) -> LoadFinished:  # noqa: ANN401
    what = {"type": "backup", "user": USER, "outcome": "success", "progress": 1.0, "backup": "4k1vqx09zt"}
    return LoadFinished(**{"load": load, "source": SOURCE, "target": TARGET, **what, **more})


def taken(backup: str, **more: Any) -> BackupTaken:  # noqa: ANN401
    return BackupTaken(**{"backup": backup, "guild": SOURCE, "creator": USER, "at": 1, "digest": DIGEST, **more})


def published(template: str, **more: Any) -> TemplatePublished:  # noqa: ANN401
    what = {"guild": SOURCE, "creator": USER, "at": 1, "digest": DIGEST, "name": "Gaming"}
    return TemplatePublished(**{"template": template, **what, **more})

"""Frames of the loader feed: how an event is told, encoded once for all who are told it."""

from functools import lru_cache

import msgspec

from domain.kernel import Event
from domain.loads.events import LoadFinished, LoadRefused, LoadStarted, LoadStatusReported
from schemas.xenon import Done, Frame, Start, Status
from store.codec import decode_closed
from store.tail import Told

FRAMES_REMEMBERED_MAX = 4_000


def text_of(told: Told) -> str:
    """Return the frame of the beginning or the end of a load."""
    return _text(told.type, told.data, told.position, 0.0)


def status_text_of(told: Told, position: int, progress: float) -> str:
    """Return the frame of a status as of a position."""
    return _text(told.type, told.data, position, progress)


@lru_cache(FRAMES_REMEMBERED_MAX)
def _text(stored_type: str, data: bytes, position: int, progress: float) -> str:
    return msgspec.json.encode(_frame(decode_closed(stored_type, data), position, progress)).decode()


def _frame(event: Event, position: int, progress: float) -> Frame:
    match event:
        case LoadStatusReported():
            return Frame("status", Status(str(event.target), event.status, event.load, progress, position))
        case LoadFinished():
            return Frame("done", _done(event, position))
        case LoadStarted() | LoadRefused():
            return Frame("start", _start(event, position))
        case _:
            raise AssertionError(event)


def _start(event: LoadStarted | LoadRefused, position: int) -> Start:
    return Start(
        id=str(event.target),
        type=event.type,
        source_id=str(event.source),
        backup_id=event.backup if event.type == "backup" else None,
        template_id=event.template if event.type == "template" else None,
        user_id=str(event.user),
        load_id=event.load,
        position=position,
    )


def _done(event: LoadFinished, position: int) -> Done:
    return Done(
        id=str(event.target),
        type=event.type,
        source_id=str(event.source),
        backup_id=event.backup if event.type == "backup" else None,
        template_id=event.template if event.type == "template" else None,
        user_id=str(event.user),
        load_id=event.load,
        outcome=event.outcome,
        progress=event.progress,
        position=position,
    )

"""Commands that concern one load and nothing else: cancelling it, and reporting one that a bot runs itself."""

from collections.abc import Sequence
from typing import Literal

from domain.kernel import Book, load_known
from domain.loads import aggregate
from domain.loads.aggregate import LOAD, Load
from domain.loads.events import Outcome, Pair, StepName


async def cancel_load(book: Book, *, load: str) -> None:
    """Ask a load to end at its next object; says nothing new when that was asked. An external load ends at once.

    Errors: UnknownError, LoadFinishedError.
    """
    state = await load_known(book, LOAD, load)
    book.append(LOAD.stream(load), aggregate.cancel_load(state))


async def report_status(book: Book, *, load: str, bot: int, status: str, progress: float | None = None) -> None:
    """Say how far an external load is. Every report is kept, as a sign of life.

    Errors: UnknownError, LoadNotExternalError, LoadNotYoursError, LoadFinishedError.
    """
    state = await _load_reported(book, load, bot)
    aggregate.require_running(state)
    book.append(LOAD.stream(load), aggregate.report_status(state, status, progress))


async def report_mappings(
    book: Book, *, load: str, bot: int, pairs: Sequence[Pair] = (), deleted: Sequence[str] = ()
) -> None:
    """Say what an external load has mapped and deleted; what was said already is not said again.

    The pair of the two guilds is added by itself. Errors: UnknownError, LoadNotExternalError, LoadNotYoursError,
    LoadFinishedError.
    """
    state = await _load_reported(book, load, bot)
    aggregate.require_running(state)
    book.append(LOAD.stream(load), aggregate.report_mappings(state, pairs, deleted))


async def report_done(
    book: Book, *, load: str, bot: int, outcome: Literal["success", "failed", "cancelled"], error: str | None = None
) -> Load:
    """Say how an external load ended, and return it; says nothing new when it ended so already.

    Errors: UnknownError, LoadNotExternalError, LoadNotYoursError, LoadFinishedError (it ended in another way).
    """
    state = await _load_reported(book, load, bot)
    return state if state.outcome == outcome else _finish(book, state, outcome, error)


async def _load_reported(book: Book, load: str, bot: int) -> Load:
    state = await load_known(book, LOAD, load)
    aggregate.require_reporter(state, bot)
    return state


def _finish(book: Book, load: Load, outcome: Outcome, error: str | None, restore: str | None = None) -> Load:
    aggregate.require_running(load)
    events = aggregate.finish(load, outcome, error, restore)
    book.append(LOAD.stream(load.id), events)
    return LOAD.fold(events, load) or load


async def expire_load(book: Book, *, load: str, seen: int, error: str) -> bool:
    """End an external load of which nobody heard any more; tell whether it did.

    `seen` is the position of its last event when its silence was noticed: whoever reported since then keeps it.
    """
    state = await load_known(book, LOAD, load)
    if state.outcome is not None or state.asked.kind != "external" or await book.last_position(LOAD, load) > seen:
        return False
    _finish(book, state, "failed", error)
    return True


async def finish_load(
    book: Book, *, load: str, outcome: Outcome, error: str | None = None, restore: str | None = None
) -> None:
    """End an internal load as its worker says; says nothing when it has ended. Errors: UnknownError.

    `restore`: the restore of settings that belongs to it.
    """
    state = await load_known(book, LOAD, load)
    if state.outcome is None:
        _finish(book, state, outcome, error, restore)


async def record_work(
    book: Book,
    *,
    load: str,
    step: StepName,
    pairs: Sequence[Pair] = (),
    deleted: Sequence[int] = (),
    banned: Sequence[int] = (),
    failed: Sequence[tuple[int, str]] = (),
) -> Load:
    """Say what a gateway did of a step (`aggregate.next_work`), with the status; return the load as it is then.

    The role @everyone is a pair of the guilds' ids with kind "role". Errors: UnknownError, LoadFinishedError.
    """
    state = await load_known(book, LOAD, load)
    aggregate.require_running(state)
    events = aggregate.record(state, step, pairs=pairs, deleted=deleted, banned=banned, failed=failed)
    book.append(LOAD.stream(load), events)
    return LOAD.fold(events, state) or state


async def record_status(book: Book, *, load: str, status: str, step: StepName | None = None) -> None:
    """Say what a gateway does, such as waiting; says nothing new when that was said last. Errors: UnknownError."""
    state = await load_known(book, LOAD, load)
    if state.outcome is None and state.status != status:
        book.append(LOAD.stream(load), aggregate.report_status(state, status, aggregate.part_done(state), step))

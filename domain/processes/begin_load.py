"""Begin a load that was started: only when its backup or template still holds what it held."""

from domain.backups.aggregate import BACKUP
from domain.guilds.aggregate import GUILD
from domain.kernel import Book, load_known
from domain.loads import aggregate
from domain.loads.aggregate import LOAD, Load
from domain.processes.snapshot import Snapshot
from domain.templates.aggregate import TEMPLATE


async def begin_load(book: Book, *, load: str, snapshot: Snapshot) -> bool:
    """Say that a load begins, or end it as failed; tell whether it has ended. Says nothing new of one that has begun.

    Errors: UnknownError (no such load).
    """
    state = await load_known(book, LOAD, load)
    if state.outcome is not None or state.has_begun:
        return state.outcome is not None
    fault = await _fault(book, state, snapshot)
    events = aggregate.finish(state, "failed", fault) if fault else aggregate.begin(state)
    book.append(LOAD.stream(load), events)
    return fault is not None


async def _fault(book: Book, load: Load, snapshot: Snapshot) -> str | None:
    """Say why the load cannot begin."""
    asked = load.asked
    name = asked.backup if asked.type == "backup" else asked.template
    loaded = await (book.load(BACKUP, name) if asked.type == "backup" else book.load(TEMPLATE, name))
    if loaded is None:
        return f"The {asked.type} {name} was deleted before the load began."
    digest = snapshot.digest()
    if loaded.digest != digest:
        return f"The {asked.type} {name} does not hold what it held: its digest is {digest}, not {loaded.digest}."
    if asked.gateway != "discord" and await book.load(GUILD, load.target) is None:
        return f"The guild {load.target} is not known any more."
    return None

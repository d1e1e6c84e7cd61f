"""What an operator is told when something that can go wrong does: one line, with what to do."""

import msgspec

from domain.kernel import RefusalError, UnknownError, UnreadableError
from schemas.settings import SettingError

# By SQLSTATE: what the database may refuse, and why.
REFUSALS = {
    "42501": "the database user may not do this ({}): let the owner of the database run it",
    "42P01": "the query tables are not there yet ({}): run `guildbook up`, or `guildbook rebuild`",
}


def explain(error: Exception) -> str | None:
    """Return what to tell; None for an error that nobody expected."""
    match error:
        case UnknownError():
            return f"there is no {error.context.removesuffix('s')} {error.entity_id}"
        case RefusalError() | SettingError() | UnreadableError():
            return _as_clause(str(error))
        case msgspec.MsgspecError():
            return f"an event cannot be read ({type(error).__name__}): `guildbook verify` says which, if it was changed"
        case OSError() if error.filename:
            return f"{error.filename}: {error.strerror}"
        case OSError() if error.strerror:  # one that names no file, as of a disk that is full
            return _as_clause(error.strerror)
        case _:
            return _explain_database(error)


def is_of_the_database(error: Exception) -> bool:
    """Tell whether the database cannot be used, so that nothing is known of what was asked."""
    from store.appender import BookUnavailableError
    from store.connections import DATABASE_DOWN, is_outage
    from store.embedded_server import EmbeddedPostgresError

    return isinstance(error, (BookUnavailableError, EmbeddedPostgresError, *DATABASE_DOWN)) or is_outage(error)


def _explain_database(error: Exception) -> str | None:
    from store.appender import BookUnavailableError, ConflictError
    from store.connections import DATABASE_DOWN, DatabaseUrlError
    from store.embedded_server import EmbeddedPostgresError
    from store.keys import MasterKeyError
    from store.migrate import RoleMissingError

    if isinstance(error, (DatabaseUrlError, MasterKeyError, RoleMissingError)):
        return _as_clause(str(error))
    if isinstance(error, EmbeddedPostgresError):
        return str(error)
    if isinstance(error, ConflictError):
        return "others changed the same things at the same time, again and again: try once more"
    if isinstance(error, (BookUnavailableError, *DATABASE_DOWN)):
        return f"the database cannot be used ({_one_line(error)}): is it running, and is GUILDBOOK_DATABASE_URL right?"
    refusal = REFUSALS.get(str(getattr(error, "sqlstate", None)))
    return refusal.format(_one_line(error)) if refusal else None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _as_clause(text: str) -> str:
    return text[:1].lower() + text[1:]

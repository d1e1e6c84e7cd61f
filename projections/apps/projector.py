"""Keeps the table `apps`."""

from collections.abc import Sequence
from datetime import datetime
from importlib import resources

import msgspec

from domain.apps.events import AppCreated, AppDeleted, AppEdited, AppTokenReset, BotTokenReset
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class AppRow(msgspec.Struct, frozen=True):
    """A row of `apps`, in the order of its columns."""

    id: int
    name: str
    permissions: int
    token_hash: str
    created_at: datetime
    version: int
    bot_token_hash: str | None = None
    bot_scopes: Sequence[str] = ()
    bot_guilds: Sequence[int] | None = None


def evolve(row: AppRow | None, recorded: Recorded) -> AppRow | None:
    """Apply one event of an app."""
    after = _changed(row, recorded)
    return msgspec.structs.replace(after, version=recorded.version) if after else None


def _changed(row: AppRow | None, recorded: Recorded) -> AppRow | None:
    match recorded.event:
        case AppCreated() as event:
            at, version = recorded.recorded_at, recorded.version
            return AppRow(event.app, event.name, event.permissions, event.token_hash, at, version)
        case AppEdited(name=name, permissions=permissions) if row:
            name = row.name if name is None else name
            permissions = row.permissions if permissions is None else permissions
            return msgspec.structs.replace(row, name=name, permissions=permissions)
        case AppTokenReset(token_hash=token_hash) if row:
            return msgspec.structs.replace(row, token_hash=token_hash)
        case BotTokenReset(token_hash=token_hash, scopes=scopes, guilds=guilds) if row:
            bot = {"bot_token_hash": token_hash, "bot_scopes": scopes, "bot_guilds": guilds}
            return msgspec.structs.replace(row, **bot)
        case AppDeleted():
            return None
        case _:
            return row


def _app(event: AppCreated | AppEdited | AppTokenReset | BotTokenReset | AppDeleted) -> Key:
    return (event.app,)


APPS = RowSet[AppRow](
    row=AppRow,
    keys={AppCreated: _app, AppEdited: _app, AppTokenReset: _app, BotTokenReset: _app, AppDeleted: _app},
    evolve=evolve,
    load="""
        SELECT id, name, permissions, token_hash, created_at, version, bot_token_hash, bot_scopes, bot_guilds
        FROM apps
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO apps (
            id, name, permissions, token_hash, created_at, version, bot_token_hash, bot_scopes, bot_guilds
        )
        SELECT id, name, permissions, token_hash, created_at, version, bot_token_hash, bot_scopes, bot_guilds
        FROM json_populate_recordset(NULL::apps, %s)
        ON CONFLICT (id) DO UPDATE SET
            (name, permissions, token_hash, version, bot_token_hash, bot_scopes, bot_guilds) = (
                EXCLUDED.name, EXCLUDED.permissions, EXCLUDED.token_hash, EXCLUDED.version,
                EXCLUDED.bot_token_hash, EXCLUDED.bot_scopes, EXCLUDED.bot_guilds
            )
    """,
    delete="DELETE FROM apps WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="apps", tables=(resources.files("projections.apps") / "tables.sql").read_text(), rows=(APPS,)
)

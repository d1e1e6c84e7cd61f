"""Keeps the table `apps`."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.apps.events import AppCreated, AppDeleted, AppEdited, AppTokenReset
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class AppRow(msgspec.Struct, frozen=True):
    """A row of `apps`, in the order of its columns."""

    id: int
    name: str
    permissions: int
    token_hash: str
    created_at: datetime


def evolve(row: AppRow | None, recorded: Recorded) -> AppRow | None:
    """Apply one event of an app."""
    match recorded.event:
        case AppCreated() as event:
            return AppRow(event.app, event.name, event.permissions, event.token_hash, recorded.recorded_at)
        case AppEdited(name=name, permissions=permissions) if row:
            name = row.name if name is None else name
            permissions = row.permissions if permissions is None else permissions
            return msgspec.structs.replace(row, name=name, permissions=permissions)
        case AppTokenReset(token_hash=token_hash) if row:
            return msgspec.structs.replace(row, token_hash=token_hash)
        case AppDeleted():
            return None
        case _:
            return row


def _app(event: AppCreated | AppEdited | AppTokenReset | AppDeleted) -> Key:
    return (event.app,)


APPS = RowSet[AppRow](
    row=AppRow,
    keys={AppCreated: _app, AppEdited: _app, AppTokenReset: _app, AppDeleted: _app},
    evolve=evolve,
    load="SELECT id, name, permissions, token_hash, created_at FROM apps WHERE id = ANY(%b)",
    save="""
        INSERT INTO apps (id, name, permissions, token_hash, created_at)
        SELECT id, name, permissions, token_hash, created_at
        FROM json_populate_recordset(NULL::apps, %s)
        ON CONFLICT (id) DO UPDATE SET
            (name, permissions, token_hash) = (EXCLUDED.name, EXCLUDED.permissions, EXCLUDED.token_hash)
    """,
    delete="DELETE FROM apps WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="apps", tables=(resources.files("projections.apps") / "tables.sql").read_text(), rows=(APPS,)
)

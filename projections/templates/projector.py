"""Keeps the table `templates`."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.loads.events import LoadStarted
from domain.templates.events import BotAttached, BotDetached, TemplatePublished, TemplateWithdrawn
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class TemplateRow(msgspec.Struct, frozen=True):
    """A row of `templates`, in the order of its columns."""

    id: str
    guild: int
    creator: int
    name: str
    description: str
    backup: str | None
    at: int
    digest: str
    roles: int
    channels: int
    usage_count: int
    bots: tuple[int, ...]
    created_at: datetime
    created: int


def evolve(row: TemplateRow | None, recorded: Recorded) -> TemplateRow | None:
    """Apply one event of a template, or of a load of it."""
    match recorded.event:
        case TemplatePublished() as event:
            return _published(event, recorded)
        case BotAttached(bot=bot) if row:
            return msgspec.structs.replace(row, bots=tuple(dict.fromkeys((*row.bots, bot))))
        case BotDetached(bot=bot) if row:
            return msgspec.structs.replace(row, bots=tuple(each for each in row.bots if each != bot))
        case LoadStarted() if row:
            return msgspec.structs.replace(row, usage_count=row.usage_count + 1)
        case TemplateWithdrawn():
            return None
        case _:
            return row


def _published(event: TemplatePublished, recorded: Recorded) -> TemplateRow:
    return TemplateRow(
        id=event.template,
        guild=event.guild,
        creator=event.creator,
        name=event.name,
        description=event.description,
        backup=event.backup,
        at=event.at,
        digest=event.digest,
        roles=event.counts.roles,
        channels=event.counts.channels,
        usage_count=0,
        bots=(),
        created_at=recorded.recorded_at,
        created=recorded.position,
    )


def _template(event: TemplatePublished | TemplateWithdrawn | BotAttached | BotDetached) -> Key:
    return (event.template,)


def _loaded(event: LoadStarted) -> Key:
    return (event.template or "",)  # loads of backups concern no template


TEMPLATES = RowSet[TemplateRow](
    row=TemplateRow,
    keys={
        **dict.fromkeys((TemplatePublished, TemplateWithdrawn, BotAttached, BotDetached), _template),
        LoadStarted: _loaded,
    },
    evolve=evolve,
    load="""
        SELECT
            id, guild, creator, name, description, backup, at, digest, roles, channels, usage_count, bots, created_at,
            created
        FROM templates
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO templates (
            id, guild, creator, name, description, backup, at, digest, roles, channels, usage_count, bots, created_at,
            created
        )
        SELECT
            id, guild, creator, name, description, backup, at, digest, roles, channels, usage_count, bots, created_at,
            created
        FROM json_populate_recordset(NULL::templates, %s)
        ON CONFLICT (id) DO UPDATE SET (usage_count, bots) = (EXCLUDED.usage_count, EXCLUDED.bots)
    """,
    delete="DELETE FROM templates WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="templates", tables=(resources.files("projections.templates") / "tables.sql").read_text(), rows=(TEMPLATES,)
)

"""Restores the settings of the bot that asked for a load, when that is wished: the last thing that the load does."""

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, cast

import msgspec

from domain.apps.aggregate import APP
from domain.kernel import RefusalError
from domain.loads.aggregate import Load
from domain.permissions import Actor
from domain.processes.restore_settings import Restoring, SettingName
from domain.settings.definitions import DefinitionError, parse_template
from domain.settings.restores import RESTORE
from projections.guilds.queries import bots_in
from projections.offers import templates_offered
from projections.settings.queries import TemplateFound, templates_by_name
from store import log, restoring
from store.event_store import EventStore
from workers.loader.job import Job

SCOPE = "settings:restore"
RESTORES = uuid.UUID("0d3c1a52-5a0f-5c7e-9d3a-6c1f0a5b7e21")  # below which each load has a restore of its own


class Ending(NamedTuple):
    """What the end of a load says of its restore: which one it was, if it wrote something, and what went wrong."""

    restore: str | None = None
    error: str | None = None


async def restore_settings(store: EventStore, job: Job, ids: dict[str, str], primary_bot: int | None) -> Ending:
    """Restore what the bot has set in the source into the target. `ids`: the whole mapping.

    What is restored already stays, so it may be interrupted. Errors: ConflictError, BookUnavailableError.
    """
    bot = None if job.load.asked.bot is None else await store.peek(APP, job.load.asked.bot)
    if bot is None or SCOPE not in bot.scopes:
        return Ending(error=f"The settings were not restored: the bot's token needs the scope {SCOPE}.")
    async with store.pool.connection() as connection:
        source_bots = await bots_in(connection, job.load.source)
        head = await log.head(connection)
    wish = Restoring(
        id=restore_id(job.load.id),
        source=job.load.source,
        target=job.load.target,
        at=job.load.asked.at or head,
        ids=ids,
        mapping=head,
        actor=Actor(app=bot.id),
        user=_whose_rights(job.load),
        now=datetime.now(UTC),
        backup=job.load.asked.backup,
        load=job.load.id,
        source_bots=tuple(source_bots),
        primary_bot=primary_bot,
    )
    try:
        await restoring.restore(store, partial(store.execute, job.origin), wish, await _own(store, wish))
    except RefusalError as refusal:
        return Ending(error=f"The settings were not restored: {refusal}")
    has_written = (await store.load(RESTORE, RESTORE.stream(wish.id))).version > 0
    return Ending(wish.id if has_written else None)


def _whose_rights(load: Load) -> int | None:
    """Return whose rights count now; None when they were looked at before, in both guilds.

    Who loads a backup has made it as an administrator of the source, and was one of the target when the load began;
    the role that said so may be among those that it deleted. A template, everybody may load.
    """
    return None if load.asked.type == "backup" else load.asked.user


def restore_id(load: str) -> str:
    """Return the id of the restore that belongs to a load: always the same."""
    return str(uuid.uuid5(RESTORES, load))


async def _own(store: EventStore, wish: Restoring) -> list[SettingName]:
    """Return the settings that are the bot's own, of those that the target is offered."""
    async with store.pool.connection() as connection:
        places = (await templates_offered(connection, [wish.target])).get(wish.target, [])
        found = await templates_by_name(connection, [name for name, _ in places])
    bot = wish.actor.app
    own = [each for each in found.values() if (each.owner or wish.primary_bot) == bot]
    return [(each.name, setting) for each in sorted(own, key=lambda it: it.name) for setting in _settings_of(each)]


def _settings_of(template: TemplateFound) -> list[str]:
    definitions = cast("list[dict[str, Any]]", msgspec.json.decode(template.definitions))
    try:
        policies = msgspec.json.decode(template.policies)
        return list(parse_template(template.name, template.owner, tuple(definitions), policies))
    except DefinitionError:
        return []

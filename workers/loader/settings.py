"""Restores settings when who asked for a load wishes that, a bot its own: the last thing that the load does."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

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
from store.event_store import EventStore, Outcome
from workers.loader.job import Job
from workers.loader.waiting import LoadCancelledError, Waiting

SCOPE = "settings:restore"
RESTORES = uuid.UUID("0d3c1a52-5a0f-5c7e-9d3a-6c1f0a5b7e21")  # below which each load has a restore of its own


class Ending(NamedTuple):
    """How a load ends, and of its restore: which one it was, if it wrote something, and what went wrong."""

    outcome: Literal["success", "cancelled"] = "success"
    restore: str | None = None
    error: str | None = None


async def restore_settings(
    store: EventStore, job: Job, ids: dict[str, str], primary_bot: int | None, waiting: Waiting
) -> Ending:
    """Restore what is set in the source into the target; what the bot has set, if one asked. `ids`: the whole mapping.

    What is restored already stays, so it may be interrupted, and cancelled between two appends.
    Errors: ConflictError, BookUnavailableError.
    """
    asked = job.load.asked
    bot = None if asked.bot is None else await store.peek(APP, asked.bot)
    if asked.bot is not None and (bot is None or SCOPE not in bot.scopes):
        return Ending(error=f"The settings were not restored: the bot's token needs the scope {SCOPE}.")

    async def record(command: Callable[..., Awaitable[Any]], *args: object) -> Outcome[Any]:
        if waiting.is_ended():
            raise LoadCancelledError
        return await store.execute(job.origin, command, *args)

    wish, is_cancelled = await _wish(store, job, ids, primary_bot), False
    try:
        await restoring.restore(store, record, wish, await _settings(store, wish))
    except RefusalError as refusal:
        return Ending(error=f"The settings were not restored: {refusal}")
    except LoadCancelledError:
        is_cancelled = True
    has_written = (await store.load(RESTORE, RESTORE.stream(wish.id))).version > 0
    return Ending("cancelled" if is_cancelled else "success", wish.id if has_written else None)


async def _wish(store: EventStore, job: Job, ids: dict[str, str], primary_bot: int | None) -> Restoring:
    load, bot = job.load, job.load.asked.bot
    async with store.pool.connection() as connection:
        source_bots = await bots_in(connection, load.source)
        head = await log.head(connection)
    return Restoring(
        id=restore_id(load.id),
        source=load.source,
        target=load.target,
        at=load.asked.at or head,
        ids=ids,
        mapping=head,
        actor=Actor(account=load.asked.user) if bot is None else Actor(app=bot),
        user=_whose_rights(load),
        now=datetime.now(UTC),
        backup=load.asked.backup,
        load=load.id,
        source_bots=tuple(source_bots),
        primary_bot=primary_bot,
    )


def _whose_rights(load: Load) -> int | None:
    """Return whose rights count now; None when a bot asked and they were looked at before, in both guilds.

    Who loads a backup has made it as an administrator of the source, and was one of the target when the load began;
    the role that said so may be among those that it deleted. A template, everybody may load.
    """
    return None if load.asked.bot is not None and load.asked.type == "backup" else load.asked.user


def restore_id(load: str) -> str:
    """Return the id of the restore that belongs to a load: always the same."""
    return str(uuid.uuid5(RESTORES, load))


async def _settings(store: EventStore, wish: Restoring) -> list[SettingName]:
    """Return the settings that the target is offered; those that are a bot's own, if one asked."""
    async with store.pool.connection() as connection:
        places = (await templates_offered(connection, [wish.target])).get(wish.target, [])
        found = await templates_by_name(connection, [name for name, _ in places])
    bot = wish.actor.app
    own = [each for each in found.values() if bot is None or (each.owner or wish.primary_bot) == bot]
    return [(each.name, setting) for each in sorted(own, key=lambda it: it.name) for setting in _settings_of(each)]


def _settings_of(template: TemplateFound) -> list[str]:
    definitions = cast("list[dict[str, Any]]", msgspec.json.decode(template.definitions))
    try:
        policies = msgspec.json.decode(template.policies)
        return list(parse_template(template.name, template.owner, tuple(definitions), policies))
    except DefinitionError:
        return []

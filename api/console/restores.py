"""Restoring the settings of another guild after a load: what that would do is shown first, and it can be undone."""

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any

from litestar import Response, get, post

from api.console.forms import Form, read_form
from api.console.loads import BACKUPS_MAX, CONFLICT, INVALID, PATH, values_of
from api.console.pages import page
from api.console.restore_views import Outcome, outcome_of
from api.console.stewards import acting_steward_of, guild_names, people_named, steward_of
from api.console.texts import id_of, name_of
from api.console.visits import Visit
from api.parts import Asked, parts_of
from api.restoring import (
    MappingUnknownError,
    Origin,
    ReadsBehindError,
    restores_into,
    restoring_of,
    settings_in,
)
from api.writing import record, shown
from domain.backups.aggregate import BACKUP
from domain.kernel import RefusalError
from domain.processes.undo_restore import Undoing
from projections.backups.queries import backups_before
from projections.mappers.queries import mappers_into
from schemas.book import BIGINT_MAX
from store import event_store, restoring

OPT = {"surface": "console"}
RESTORES_MAX = 10
GUILD_SIGN, BACKUP_SIGN = "guild-", "backup-"  # what stands before an id in the list to choose from
NOTHING_CHOSEN = "Choose where the settings come from."


@get(f"{PATH}/restore", include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show what can be restored, and what was."""
    visit = await steward_of(request)
    source = request.query_params.get("source", "")
    return await _page(request, visit, Form({"from": [f"{GUILD_SIGN}{source}"]}))


@post(f"{PATH}/restore", include_in_schema=False, opt=OPT, status_code=200)
async def act(request: Asked) -> Response[bytes]:
    """Try a restore, do it, or undo one."""
    visit = await acting_steward_of(request)
    form = read_form(await request.body())
    try:
        if form.word("_do") == "undo":
            return await _page(request, visit, form, outcome=await _undo(request, visit, name_of(form.word("restore"))))
        origin = await _origin(request, form.word("from"))
        if origin is None:
            return await _page(request, visit, form, fault=NOTHING_CHOSEN, status=INVALID)
        is_dry = form.word("_do") != "restore"
        return await _page(request, visit, form, outcome=await _restore(request, visit, form, origin, is_dry=is_dry))
    except (RefusalError, MappingUnknownError, ReadsBehindError) as refusal:
        return await _page(request, visit, form, fault=str(refusal), status=CONFLICT)


async def _origin(request: Asked, chosen: str) -> Origin | None:
    parts, guild = parts_of(request), id_of(chosen.removeprefix(GUILD_SIGN))
    if chosen.startswith(BACKUP_SIGN):
        found = await parts.store.peek(BACKUP, name_of(chosen.removeprefix(BACKUP_SIGN)))
        return Origin(found.guild, found.at, found.id) if found else None
    return Origin(guild, await parts.head()) if guild else None


async def _restore(request: Asked, visit: Visit, form: Form, origin: Origin, *, is_dry: bool) -> Outcome:
    parts, visitor = parts_of(request), visit.visitor
    wish = await restoring_of(
        parts,
        origin,
        visit.guild.id,
        actor=visitor.actor,
        user=visitor.account,
        overwrites=bool(form.word("overwrite")),
    )
    acting = partial(record, request, visitor.actor)
    report = await restoring.restore(parts.store, acting, wish, settings_in(visit.offered), is_dry=is_dry)
    return await _told(request, visit, wish.id, report)


async def _undo(request: Asked, visit: Visit, restore: str) -> Outcome:
    parts, visitor = parts_of(request), visit.visitor
    wish = Undoing(
        id=str(uuid.uuid4()),
        undone=restore,
        guild=visit.guild.id,
        actor=visitor.actor,
        user=visitor.account,
        now=datetime.now(UTC),
        primary_bot=parts.settings.antiraid_client_id or None,
    )
    report = await restoring.undo(parts.store, partial(record, request, visitor.actor), wish)
    return await _told(request, visit, wish.id, report)


async def _told(request: Asked, visit: Visit, restore: str, report: restoring.Report) -> Outcome:
    """Wait until reads show what was written, and say what became of each row."""
    if report.position is not None:
        await shown(request, event_store.Outcome(None, report.position))
    return outcome_of(visit, restore, report)


async def _page(
    request: Asked,
    visit: Visit,
    form: Form,
    *,
    outcome: Outcome | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response[bytes]:
    earlier = await restores_into(parts_of(request), visit.guild.id, RESTORES_MAX)
    names = await guild_names(request, visit)
    return page(
        "restore.html",
        status,
        **values_of(request, visit),
        form=form,
        choices=await _choices(request, visit, names),
        earlier=earlier,
        people=await people_named(request, visit, {it.event.user for it in earlier if it.event.user}),
        names=names,
        outcome=outcome,
        fault=fault,
    )


async def _choices(request: Asked, visit: Visit, names: dict[str, str]) -> list[tuple[str, str]]:
    """Return where settings may come from: guilds that something was loaded from, and one's backups of those."""
    async with parts_of(request).pool.connection() as connection:
        sources = {each.source_id for each in await mappers_into(connection, visit.guild.id)}
        backups = await backups_before(connection, BIGINT_MAX, BACKUPS_MAX, creator=visit.visitor.account)
    guilds = [(f"{GUILD_SIGN}{each}", f"{_name(names, each)}, as it is now") for each in sorted(sources, key=int)]
    return guilds + [
        (f"{BACKUP_SIGN}{it.id}", f"{_name(names, it.guild)}, as in the backup {it.name or it.id}")
        for it in backups
        if str(it.guild) in sources
    ]


def _name(names: dict[str, str], guild: Any) -> str:  # noqa: ANN401 - its id, as a number or a text
    return names.get(str(guild), f"Guild {guild}")


ROUTES = (show, act)

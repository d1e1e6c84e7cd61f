"""The loads into a guild: which there were, what each did, and how one goes on; and the backups that may be loaded."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException

from api.console import live
from api.console.forms import Form, read_form
from api.console.load_views import Shown, changes_of, decoded, names_in, shown
from api.console.pages import page, redirect
from api.console.stewards import acting_steward_of, guild_names, people_named, steward_of
from api.console.texts import id_of, name_of
from api.console.visitors import HOME, ShutOutError
from api.console.visits import Visit
from api.event_streams import EventStream
from api.loading import take
from api.parts import Asked, parts_of
from api.writing import write
from domain.backups.aggregate import BACKUP, BackupNotYoursError, TooManyBackupsError
from domain.backups.commands import delete_backup
from domain.kernel import RefusalError, UnknownError
from domain.loads.aggregate import LOAD, LoadFinishedError
from domain.loads.aggregate import Load as Known
from domain.loads.commands import cancel_load
from projections.backups.queries import BackupFound, backups_before
from projections.loads.queries import LoadFound, load_by_id, loads_before
from schemas.book import BIGINT_MAX
from schemas.loads import Load
from store.snapshots import snapshot_at

PATH = f"{HOME}/guilds/{{guild:str}}/loads"
OPT = {"surface": "console"}
LOADS_MAX = 20
BACKUPS_MAX = 100
NAME_CHARACTERS_MAX = 100
WORDS = {
    "backup": "The backup was taken.",
    "delete": "The backup was deleted.",
    "cancel": "It ends at the next object.",
}
CONFLICT, INVALID = 409, 422


class Backup(msgspec.Struct, frozen=True):
    """A backup as the page lists it."""

    found: BackupFound
    at: str
    guild: str
    is_own: bool


@get(PATH, include_in_schema=False, opt=OPT)
async def listed(request: Asked) -> Response[bytes]:
    """Show the loads into a guild, newest first, and the backups that one may load."""
    return await _list(request, await steward_of(request))


async def _list(request: Asked, visit: Visit, fault: str | None = None, status: int = 200) -> Response[bytes]:
    before = id_of(request.query_params.get("before", "")) or BIGINT_MAX
    async with parts_of(request).pool.connection() as connection:
        found = await loads_before(connection, before, LOADS_MAX + 1, target=visit.guild.id)
        backups = await backups_before(connection, BIGINT_MAX, BACKUPS_MAX, creator=visit.visitor.account)
    names = await guild_names(request, visit)
    loads = await _shown(request, visit, names, [decoded(each) for each in found[:LOADS_MAX]])
    return page(
        "loads.html",
        status,
        **values_of(request, visit),
        running=next((each for each in loads if each.is_running), None),
        loads=loads,
        backups=[_backup(each, visit, names) for each in backups],
        older=_older(request, found),
        done=WORDS.get(request.query_params.get("done", "")),
        fault=fault,
    )


def values_of(request: Asked, visit: Visit) -> dict[str, Any]:
    """Return what every page about loads shows."""
    return {"here": request.scope["path"], "home": home_of(visit), **visit.values()}


def home_of(visit: Visit) -> str:
    """Return the path of the list of loads."""
    return PATH.replace("{guild:str}", str(visit.guild.id))


def _older(request: Asked, found: list[LoadFound]) -> str | None:
    more = {"before": found[LOADS_MAX - 1].created} if len(found) > LOADS_MAX else None
    return f"{request.scope['path']}?{urlencode(more)}" if more else None


def _backup(found: BackupFound, visit: Visit, names: dict[str, str]) -> Backup:
    guild = names.get(str(found.guild), f"guild {found.guild}")
    return Backup(found, found.created_at.isoformat(), guild, found.guild == visit.guild.id)


async def _shown(request: Asked, visit: Visit, names: dict[str, str], loads: list[Load]) -> list[Shown]:
    people = await people_named(request, visit, {int(load.user_id) for load in loads})
    backups = await _backup_names(request, visit, {load.backup_id for load in loads if load.backup_id})
    return [shown(load, home_of(visit), names, people, backups) for load in loads]


async def _backup_names(request: Asked, visit: Visit, backups: set[str]) -> dict[str, str]:
    """Return what the visitor has called those of these backups that are their own."""
    found = [await parts_of(request).store.peek(BACKUP, backup) for backup in backups]
    return {each.id: each.name for each in found if each and each.name and each.creator == visit.visitor.account}


@post(PATH, include_in_schema=False, opt=OPT, status_code=200)
async def act(request: Asked) -> Response[bytes]:
    """Take a backup of the guild, delete one, or have a load end."""
    visit = await acting_steward_of(request)
    form = read_form(await request.body())
    deed = form.word("_do")
    if deed == "backup":
        return await _take(request, visit, form)
    if deed == "delete":
        return await _delete(request, visit, name_of(form.word("backup")))
    if deed == "cancel":
        return await _cancel(request, visit, name_of(form.word("load")))
    raise NotFoundException


async def _take(request: Asked, visit: Visit, form: Form) -> Response[bytes]:
    name, visitor = form.word("name").strip(), visit.visitor
    if len(name) > NAME_CHARACTERS_MAX:
        return await _list(request, visit, f"A name has {NAME_CHARACTERS_MAX} characters at most.", INVALID)
    try:
        await take(request, visitor.actor, visit.guild.id, visitor.account, name or None)
    except TooManyBackupsError as refusal:
        return await _list(request, visit, f"You have {refusal.limit} backups, as many as one may have.", CONFLICT)
    except RefusalError as refusal:
        return await _list(request, visit, str(refusal), CONFLICT)
    return redirect(f"{home_of(visit)}?done=backup")


async def _delete(request: Asked, visit: Visit, name: str) -> Response[bytes]:
    visitor = visit.visitor
    try:
        await write(request, visitor.actor, delete_backup, backup=name, user=visitor.account)
    except UnknownError as unknown:
        raise NotFoundException from unknown
    except BackupNotYoursError as refusal:
        raise ShutOutError(str(refusal)) from refusal
    return redirect(f"{home_of(visit)}?done=delete")


async def _cancel(request: Asked, visit: Visit, name: str) -> Response[bytes]:
    await _require_here(request, visit, name)
    try:
        await write(request, visit.visitor.actor, cancel_load, load=name)
    except LoadFinishedError:
        return redirect(f"{home_of(visit)}/{name}")  # where it says how it ended
    return redirect(f"{home_of(visit)}/{name}?done=cancel")


async def _require_here(request: Asked, visit: Visit, name: str) -> Known:
    """Return a load into this guild. Errors: NotFoundException."""
    load = await parts_of(request).store.peek(LOAD, name)
    if load is None or load.target != visit.guild.id:
        raise NotFoundException
    return load


@get(f"{PATH}/{{load:str}}", include_in_schema=False, opt=OPT)
async def one(request: Asked) -> Response[bytes]:
    """Show a load: how far it is or how it ended, what went wrong, and what it planned."""
    visit = await steward_of(request)
    found = await _found(request, visit)
    [load] = await _shown(request, visit, await guild_names(request, visit), [decoded(found)])
    known = await _require_here(request, visit, load.load.load_id)
    return page(
        "load.html",
        **values_of(request, visit),
        load=load,
        is_cancelled=known.is_cancelled,
        changes=await _planned(request, known, found.created),
        done=WORDS.get(request.query_params.get("done", "")),
    )


async def _found(request: Asked, visit: Visit) -> LoadFound:
    async with parts_of(request).pool.connection() as connection:
        found = await load_by_id(connection, name_of(request.path_params["load"]))
    if found is None or found.target != visit.guild.id:
        raise NotFoundException
    return found


async def _planned(request: Asked, load: Known, begun: int) -> list[Any]:
    """Return the plan with the names of then; nothing of a load that was not planned here."""
    if load.asked.at is None or not load.plan:
        return []
    store = parts_of(request).store
    source = await snapshot_at(store, load.source, load.asked.at)
    target = await snapshot_at(store, load.target, begun)
    return changes_of(load.plan, names_in(source), names_in(target)) if source and target else []


@get(f"{PATH}/{{load:str}}/live", include_in_schema=False, opt=OPT)
async def follow(request: Asked) -> EventStream:
    """Send the bars of a running load, and then that it has ended. Errors: TooManyListenersError."""
    visit = await steward_of(request)
    return live.stream(request, visit, decoded(await _found(request, visit)))


ROUTES = (listed, act, one, follow)

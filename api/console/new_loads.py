"""Starting a load: what it would do is shown first, and only what was shown is done."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response, get, post

from api.console.forms import Form, read_form
from api.console.load_views import Change, changes_of, directory_of, names_in
from api.console.loads import BACKUPS_MAX, CONFLICT, INVALID, PATH, home_of, values_of
from api.console.pages import page, redirect
from api.console.stewards import acting_steward_of, guild_names, steward_of
from api.console.texts import name_of
from api.console.visits import Visit
from api.discord import DiscordBusyError, DiscordUnreachableError
from api.loading import Contents, contents_of, planned, start, take
from api.parts import Asked, parts_of
from domain.kernel import RefusalError, UnknownError
from domain.loads.aggregate import Load
from domain.loads.events import Gateway, Mode, Options, Plan
from domain.processes.start_load import LoadAsk
from projections.backups.queries import BackupFound, backups_before
from schemas.book import BIGINT_MAX

OPT = {"surface": "console"}
BAD_GATEWAY, UNAVAILABLE = 502, 503
STEPS = {
    "roles": "Make roles",
    "channels": "Make channels",
    "settings": "Take over name, icon and other properties",
    "bans": "Add bans",
    "delete_roles": "Delete the roles that are here",
    "delete_channels": "Delete the channels that are here",
}
USUAL = ("roles", "channels", "settings", "delete_roles", "delete_channels", "keep")
FIELDS = ("backup", "template", "mode", "gateway", *STEPS, "keep", "restore_settings")
NOTHING_CHOSEN = "Choose a backup, or type the id of a template."
UNREACHABLE = "Discord could not be reached. Try again in a moment."
BUSY = "Another load runs in this guild. Wait until it has ended."
CHANGED = "The guild has changed since this was planned. Look at the new plan, and then decide."


class Planned(msgspec.Struct, frozen=True):
    """A plan on the page, and the digest by which it is known again."""

    changes: Sequence[Change]
    digest: str
    is_replacing: bool


@get(f"{PATH}/new", include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show what a load can be."""
    visit, asked = await steward_of(request), request.query_params
    chosen = {name: [asked.get(name, "")] for name in ("backup", "template")}
    form = Form({**chosen, "mode": ["replace"], **{name: ["true"] for name in USUAL}})
    return await _page(request, visit, form)


@post(f"{PATH}/new", include_in_schema=False, opt=OPT, status_code=200)
async def act(request: Asked) -> Response[bytes]:
    """Plan a load, or start the one that was planned."""
    visit = await acting_steward_of(request)
    form = read_form(await request.body())
    if not form.word("backup") and not form.word("template").strip():
        return await _page(request, visit, form, fault=NOTHING_CHOSEN, status=INVALID)
    ask = _ask(form, visit, at_discord=_is_at_discord(request, form))
    try:
        contents = await contents_of(parts_of(request), ask)
        load = await planned(parts_of(request), ask, contents)
        if load.outcome is not None:
            return await _page(request, visit, form, fault=BUSY, status=CONFLICT)
        plan = _planned(visit, load, contents)
        if form.word("_do") != "load":
            return await _page(request, visit, form, plan=plan)
        if form.word("_plan") != plan.digest:
            return await _page(request, visit, form, plan=plan, fault=CHANGED, status=CONFLICT)
        return await _start(request, visit, form, ask, contents)
    except DiscordBusyError as busy:
        return await _page(request, visit, form, fault=str(busy), status=UNAVAILABLE)
    except DiscordUnreachableError:
        return await _page(request, visit, form, fault=UNREACHABLE, status=BAD_GATEWAY)
    except RefusalError as refusal:
        return await _page(request, visit, form, fault=_text(refusal, form), status=CONFLICT)


async def _start(request: Asked, visit: Visit, form: Form, ask: LoadAsk, contents: Contents) -> Response[bytes]:
    visitor = visit.visitor
    if form.word("keep"):
        name = f"Before loading {ask.backup or ask.template}"
        await take(request, visitor.actor, visit.guild.id, visitor.account, name)
    started = await start(request, visitor.actor, ask, contents)
    return redirect(f"{home_of(visit)}/{started.value.id}")


def _is_at_discord(request: Asked, form: Form) -> bool:
    return form.word("gateway") == "discord" and bool(parts_of(request).settings.discord_bot_token)


def _ask(form: Form, visit: Visit, *, at_discord: bool) -> LoadAsk:
    chosen = form.word("backup")
    mode: Mode = "merge" if form.word("mode") == "merge" else "replace"
    gateway: Gateway = "discord" if at_discord else "registry"
    return LoadAsk(
        load="",
        type="backup" if chosen else "template",
        target=visit.guild.id,
        user=visit.visitor.account,
        backup=name_of(chosen).lower() if chosen else None,
        template=None if chosen else name_of(form.word("template")),
        gateway=gateway,
        mode=mode,
        options=Options(**{name: bool(form.word(name)) for name in STEPS}),
        restore_settings=bool(form.word("restore_settings")),
    )


def _planned(visit: Visit, load: Load, contents: Contents) -> Planned:
    there = contents.there
    roles, channels = (there.roles, there.channels) if there else (visit.roles.values(), visit.channels.values())
    here = directory_of(visit.guild.id, roles, channels)
    changes = changes_of(load.plan, names_in(contents.snapshot), here)
    return Planned(changes, _digest(load.plan), bool(load.plan.delete_roles or load.plan.delete_channels))


def _digest(plan: Plan) -> str:
    return hashlib.sha256(msgspec.json.encode(plan)).hexdigest()


def _text(refusal: RefusalError, form: Form) -> str:
    if isinstance(refusal, UnknownError) and refusal.context == "templates":
        return f"There is no template {form.word('template').strip()}."
    if isinstance(refusal, UnknownError) and refusal.context == "guilds":
        return f"There is no guild {refusal.entity_id}, or the bot is not in it."
    if isinstance(refusal, UnknownError):
        return "There is no such backup any more."
    return str(refusal)


async def _page(
    request: Asked,
    visit: Visit,
    form: Form,
    *,
    plan: Planned | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response[bytes]:
    async with parts_of(request).pool.connection() as connection:
        backups = await backups_before(connection, BIGINT_MAX, BACKUPS_MAX, creator=visit.visitor.account)
    return page(
        "load_new.html",
        status,
        **values_of(request, visit),
        form=form,
        backups=_choices(backups, await guild_names(request, visit)),
        steps=STEPS,
        kept=[(name, form.word(name)) for name in FIELDS if form.word(name)],
        plan=plan,
        fault=fault,
        at_discord=bool(parts_of(request).settings.discord_bot_token),
    )


def _choices(backups: Sequence[BackupFound], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the backups to choose from: the id, and what it is called."""
    labels = ((each, names.get(str(each.guild), f"guild {each.guild}")) for each in backups)
    return [
        (each.id, f"{each.name or each.id} \N{EN DASH} {guild}, {each.created_at:%d %b %Y, %H:%M}")
        for each, guild in labels
    ]


ROUTES = (show, act)

"""Start a load of a backup or template into a guild, when the user may and no other load runs there."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.backups.aggregate import BACKUP
from domain.backups.aggregate import require_creator as require_creator_of_backup
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, ROLE
from domain.kernel import Book, Event, UnknownError
from domain.loads import aggregate
from domain.loads.aggregate import LOAD, Load, LoadIdTakenError
from domain.loads.events import Gateway, LoadKind, LoadRefused, LoadStarted, LoadType, Mode, Options, Plan
from domain.processes.plan_load import Target, Wish, plan_load
from domain.processes.require_administrator import require_administrator
from domain.processes.snapshot import Snapshot
from domain.templates.aggregate import TEMPLATE


class LoadAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A load as it was asked for, under a new id.

    `source` counts for external loads of what is unknown here. `gateway` None: the registry; nobody's if external.
    `earlier`: what earlier loads of this pair of guilds mapped. `there`: what the gateway sees in the target, None when
    the registry says it; `is_vouched`: the gateway said that the user may, so the registry need not know the target.
    """

    load: str
    kind: LoadKind = "internal"
    type: LoadType
    target: int
    user: int
    backup: str | None = None
    template: str | None = None
    source: int | None = None
    bot: int | None = None
    reported_by: int | None = None
    gateway: Gateway | None = None
    mode: Mode = "replace"
    options: Options = Options()
    only_roles: tuple[int, ...] | None = None
    only_channels: tuple[int, ...] | None = None
    restore_settings: bool = False
    earlier: Mapping[str, str] = {}
    there: Target | None = None
    is_vouched: bool = False


class Origin(msgspec.Struct, frozen=True):
    """The guild that is loaded, and as of which position; None when nobody here knows."""

    source: int
    at: int | None = None


async def start_load(book: Book, *, asked: LoadAsk, snapshot: Snapshot | None = None) -> Load:
    """Start a load and return it with its plan; `outcome` "refused" says that another one runs in the target.

    `snapshot` is what the backup or template holds; an external load needs none. For a dry run use `preview`.
    Errors: UnknownError (context "guilds", "backups" or "templates"), NotAdministratorError, BackupNotYoursError;
    LoadIdTakenError: try another id.
    """
    origin = await _find_origin(book, asked)
    await _require_right(book, asked)
    if await book.last_position(LOAD, asked.load):
        raise LoadIdTakenError
    others = (await book.load_about(LOAD, GUILD.stream(asked.target))).values()
    running = next((other.id for other in others if other.outcome is None), None)
    if running is None:
        plan = await _plan(book, asked, origin, snapshot) if asked.kind == "internal" else None
        events: list[Event] = [LoadStarted(**_told(asked, origin), plan=plan)]
    else:
        refused = LoadRefused(**_told(asked, origin), running=running)
        events = [refused, *aggregate.finish(Load(id=asked.load, asked=refused), "refused")]
    book.append(LOAD.stream(asked.load), events)
    started = LOAD.fold(events)
    assert started
    return started


async def _find_origin(book: Book, asked: LoadAsk) -> Origin:
    """Return what is loaded; an external load may be of what only its bot knows."""
    if asked.type == "backup":
        entity, name = BACKUP, asked.backup
        backup = await book.load(BACKUP, name)
        if backup:
            require_creator_of_backup(backup, asked.user)
            return Origin(backup.guild, backup.at)
    else:
        entity, name = TEMPLATE, asked.template
        template = await book.load(TEMPLATE, name)
        if template:
            return Origin(template.guild, template.at)
    if asked.kind == "internal" or asked.source is None:
        raise UnknownError(entity.context, name)
    return Origin(asked.source)


async def _require_right(book: Book, asked: LoadAsk) -> None:
    """Refuse who may not; where the registry does not know the guild, an external load goes by its bot's word."""
    is_trusted = asked.is_vouched or asked.kind == "external"
    if not is_trusted or await book.load(GUILD, asked.target) is not None:
        await require_administrator(book, asked.target, asked.user)


async def _plan(book: Book, asked: LoadAsk, origin: Origin, snapshot: Snapshot | None) -> Plan:
    assert snapshot is not None
    assert snapshot.guild.id == origin.source
    wish = Wish(
        options=asked.options,
        mode=asked.mode,
        only_roles=asked.only_roles,
        only_channels=asked.only_channels,
        earlier=asked.earlier,
    )
    return plan_load(snapshot, asked.there or await load_target(book, asked.target, snapshot), wish)


async def load_target(book: Book, guild: int, snapshot: Snapshot) -> Target:
    """Return what the registry knows of the target."""
    roles = await book.load_about(ROLE, GUILD.stream(guild))
    channels = await book.load_about(CHANNEL, GUILD.stream(guild))
    bans = await book.load_many(BAN, [(guild, ban.id) for ban in snapshot.bans])
    banned = frozenset(ban.id for ban in bans.values())
    return Target(guild=guild, roles=tuple(roles.values()), channels=tuple(channels.values()), banned=banned)


def _told(asked: LoadAsk, origin: Origin) -> dict[str, Any]:
    names = set(LoadStarted.__struct_fields__) & set(LoadAsk.__struct_fields__) - {"source"}
    told = {name: getattr(asked, name) for name in names}
    gateway = asked.gateway or ("registry" if asked.kind == "internal" else None)
    return {**told, "source": origin.source, "at": origin.at, "gateway": gateway}

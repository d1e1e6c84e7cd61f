"""Reads what bots send of guilds: from Discord's objects, as bots have them, to reports."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from api.book.errors import InvalidError, ProblemError
from api.book.forms import Faults, places_of, pointer
from domain.guilds.events import Overwrite
from domain.guilds.reports import BanReport, ChannelReport, GuildReport, MemberReport, RoleReport
from schemas.book import BIGINT_MAX, Fault
from schemas.guilds import (
    BanIn,
    ChannelIn,
    GuildIn,
    LeanSnapshot,
    MemberIn,
    Number,
    OverwriteIn,
    RoleIn,
    UserIn,
    WholeGuildIn,
)

T = TypeVar("T")
R = TypeVar("R", RoleReport, ChannelReport, MemberReport, BanReport)

CATEGORY = 4
FAULTS_MAX = 100  # enough to see what is wrong
SMALL_BYTES = 65_536

_snapshots = msgspec.json.Decoder(LeanSnapshot)
_members = msgspec.json.Decoder(MemberIn)


class WrongError(Exception):
    """Something is wrong at a place in what is read."""

    def __init__(self, detail: str, *place: str | int) -> None:
        super().__init__(detail, place)
        self.detail = detail
        self.place = place


Unreadable = WrongError | msgspec.ValidationError
UNREADABLE = (WrongError, msgspec.ValidationError)


class Whole(msgspec.Struct, frozen=True):
    """A whole guild as it was reported. `members` and `bans` are None when nothing was said of them."""

    guild: GuildReport
    roles: list[RoleReport]
    channels: list[ChannelReport]
    members: list[MemberReport] | None
    bans: list[BanReport] | None
    members_complete: bool


async def read_in_pieces(read: Callable[[int, bytes], T], guild: int, raw: bytes) -> T:
    """Read a body, beside the event loop when it is large. Errors: ProblemError, InvalidError."""
    if not raw.strip():
        raise ProblemError(400, "There is no body; this takes a JSON object.")
    try:
        return await asyncio.to_thread(read, guild, raw) if len(raw) > SMALL_BYTES else read(guild, raw)
    except UNREADABLE as error:
        raise InvalidError([fault_of(error)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(400, f"The body is not JSON: {error}.") from error


def fault_of(error: Unreadable, *place: str | int) -> Fault:
    """Say what is wrong with something that is at this place in the body."""
    if isinstance(error, WrongError):
        return Fault(pointer(*place, *error.place), error.detail)
    detail, _, path = str(error).partition(" - at `")
    return Fault(pointer(*place, *places_of(path)), detail)


def read_whole(guild: int, raw: bytes) -> Whole:
    """Read a snapshot. Errors: InvalidError, WrongError, msgspec.DecodeError, UnicodeDecodeError."""
    faults = Faults()
    sent = _snapshots.decode(raw)
    whole = Whole(
        guild=read_guild(guild, sent),
        roles=_read_all(faults, sent.roles, read_role, "roles"),
        channels=_read_all(faults, sent.channels, read_channel, "channels"),
        members=_read_some(faults, sent.members, read_raw_member, "members"),
        bans=_read_some(faults, sent.bans, read_ban, "bans"),
        members_complete=bool(sent.members_complete),
    )
    _check_structure(faults, guild, whole)
    faults.check()
    return whole


def _read_some(
    faults: Faults, sent: Sequence[T] | UnsetType | None, read: Callable[[T], R], name: str
) -> list[R] | None:
    return None if sent is None or isinstance(sent, UnsetType) else _read_all(faults, sent, read, name)


def _read_all(faults: Faults, sent: Sequence[T], read: Callable[[T], R], name: str) -> list[R]:
    """Read a list of things with ids of their own."""
    found: dict[int, R] = {}
    for place, item in enumerate(sent):
        try:
            report = read(item)
        except UNREADABLE as error:
            faults.found.append(fault_of(error, name, place))
        else:
            if found.setdefault(report.id, report) is not report:
                faults.add(f"{report.id} is there twice", name, place)
        if len(faults.found) >= FAULTS_MAX:
            faults.check()
    return list(found.values())


def _check_structure(faults: Faults, guild: int, whole: Whole) -> None:
    if all(role.id != guild for role in whole.roles):
        faults.add(f"the @everyone role, whose id is {guild}, must be there", "roles")
    categories = {channel.id for channel in whole.channels if channel.kind == CATEGORY}
    for place, channel in enumerate(whole.channels):
        if isinstance(channel.parent, int) and channel.parent not in categories:
            faults.add("must name a category of this snapshot", "channels", place, "parent_id")


def read_guild(guild: int, sent: GuildIn | WholeGuildIn) -> GuildReport:
    """Read what a guild is like by itself. Errors: WrongError."""
    return GuildReport(
        id=guild,
        owner=_known(_number(sent.owner_id, "owner_id")),
        name=_known(sent.name),
        icon=sent.icon,
        description=sent.description,
        preferred_locale=sent.preferred_locale,
        verification_level=_known(sent.verification_level),
        default_message_notifications=_known(sent.default_message_notifications),
        explicit_content_filter=_known(sent.explicit_content_filter),
        afk_channel=_number(sent.afk_channel_id, "afk_channel_id"),
        afk_timeout=sent.afk_timeout,
        system_channel=_number(sent.system_channel_id, "system_channel_id"),
        system_channel_flags=_known(sent.system_channel_flags),
        features=_known(sent.features),
    )


def read_role(sent: RoleIn) -> RoleReport:
    """Read a role. Errors: WrongError."""
    return RoleReport(
        id=_id(sent.id, "id"),
        name=sent.name,
        position=_known(sent.position),
        permissions=_known(_number(sent.permissions, "permissions")),
        color=_known(sent.color),
        hoist=_known(sent.hoist),
        mentionable=_known(sent.mentionable),
        managed=_known(sent.managed),
    )


def read_channel(sent: ChannelIn) -> ChannelReport:
    """Read a channel. Errors: WrongError."""
    return ChannelReport(
        id=_id(sent.id, "id"),
        kind=sent.type,
        name=sent.name,
        position=_known(sent.position),
        parent=_number(sent.parent_id, "parent_id"),
        topic=sent.topic,
        nsfw=_known(sent.nsfw),
        rate_limit_per_user=_known(sent.rate_limit_per_user),
        bitrate=sent.bitrate,
        user_limit=sent.user_limit,
        overwrites=_read_overwrites(sent.permission_overwrites),
    )


def _read_overwrites(sent: tuple[OverwriteIn, ...] | UnsetType | None) -> tuple[Overwrite, ...] | UnsetType:
    if not isinstance(sent, tuple):
        return UNSET
    found: dict[int, Overwrite] = {}
    for number, overwrite in enumerate(sent):
        place = ("permission_overwrites", number)
        target = _id(overwrite.id, *place, "id")
        if target in found:
            raise WrongError(f"{target} is there twice", *place, "id")
        allow, deny = _id(overwrite.allow or 0, *place, "allow"), _id(overwrite.deny or 0, *place, "deny")
        found[target] = Overwrite(target, overwrite.type, allow, deny)
    return tuple(found.values())


def read_raw_member(sent: msgspec.Raw) -> MemberReport:
    """Read a member that is not decoded yet. Errors: WrongError, msgspec.DecodeError."""
    return read_member(_members.decode(sent))


def read_member(sent: MemberIn) -> MemberReport:
    """Read a member. Errors: WrongError."""
    return MemberReport(
        id=_id(sent.user.id, "user", "id"),
        username=_known(sent.user.username),
        global_name=sent.user.global_name,
        avatar=sent.user.avatar,
        nick=sent.nick,
        bot=_known(sent.user.bot),
        roles=_ids(sent.roles, "roles") if isinstance(sent.roles, tuple) else UNSET,
        joined_at=_time(sent.joined_at) if isinstance(sent.joined_at, datetime) else sent.joined_at,
    )


def read_ban(sent: BanIn) -> BanReport:
    """Read a ban. Errors: WrongError."""
    if isinstance(sent.user, UserIn):
        return BanReport(id=_id(sent.user.id, "user", "id"), reason=sent.reason)
    if not isinstance(sent.user_id, int | str):
        raise WrongError("must be there", "user_id")
    return BanReport(id=_id(sent.user_id, "user_id"), reason=sent.reason)


def read_id(value: object, *place: str) -> int:
    """Read an id. Errors: WrongError."""
    try:
        return _id(msgspec.convert(value, Number), *place)
    except msgspec.ValidationError as error:
        raise WrongError(str(error), *place) from error


def _id(sent: int | str, *place: str | int) -> int:
    number = int(sent)
    if number > BIGINT_MAX:
        raise WrongError(f"must be at most {BIGINT_MAX}", *place)
    return number


def _ids(sent: Iterable[int | str], name: str) -> tuple[int, ...]:
    return tuple(_id(each, name, place) for place, each in enumerate(sent))


def _number(sent: int | str | UnsetType | None, *place: str | int) -> int | UnsetType | None:
    return _id(sent, *place) if isinstance(sent, int | str) else sent


def _known(sent: T | UnsetType | None) -> T | UnsetType:
    """Take null for nothing said, where nothing else could be meant."""
    return UNSET if sent is None else sent


def _time(sent: datetime) -> str:
    """Write a time as the registry does; without a zone it is UTC."""
    try:
        aware = sent.astimezone(UTC) if sent.tzinfo else sent.replace(tzinfo=UTC)
    except OverflowError:
        raise WrongError("must be a time within the years 1 to 9999", "joined_at") from None
    return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")

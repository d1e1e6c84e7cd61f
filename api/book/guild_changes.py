"""Reads what bots send of changes in a guild: each has a `type`, and what it is about under the type's first word.

What it is about may also stand in `data`, or in the change itself where nothing else is called `type`.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec

from api.book.errors import InvalidError
from api.book.forms import Faults
from api.book.guild_reports import (
    UNREADABLE,
    WrongError,
    fault_of,
    read_ban,
    read_channel,
    read_guild,
    read_id,
    read_member,
    read_role,
)
from domain.guilds.reports import BanGone, Change, ChannelGone, MemberGone, RoleGone
from schemas.book import Fault
from schemas.guild_changes import LeanChanges
from schemas.guilds import BanIn, ChannelIn, GuildIn, MemberIn, RoleIn

CHANGES_MAX = 1_000

UPSERTS: dict[str, tuple[type[msgspec.Struct], Callable[[Any], Change]]] = {
    "role.upsert": (RoleIn, read_role),
    "channel.upsert": (ChannelIn, read_channel),
    "member.upsert": (MemberIn, read_member),
    "ban.add": (BanIn, read_ban),
}
ENDS: dict[str, Callable[[int], Change]] = {
    "role.delete": RoleGone,
    "channel.delete": ChannelGone,
    "member.remove": MemberGone,
    "ban.remove": BanGone,
}
TYPES = ("guild.update", *UPSERTS, *ENDS)

_changes = msgspec.json.Decoder(LeanChanges)
_objects = msgspec.json.Decoder(dict[str, Any])


def read_changes(guild: int, raw: bytes) -> list[Change]:
    """Read what changed, in order. Errors: InvalidError, WrongError, msgspec.DecodeError, UnicodeDecodeError."""
    sent = _changes.decode(raw).changes
    if len(sent) > CHANGES_MAX:
        raise InvalidError([Fault("/changes", f"must be at most {CHANGES_MAX}")])
    faults, found = Faults(), list[Change]()
    for place, item in enumerate(sent):
        try:
            found.append(_read_change(guild, _objects.decode(item)))
        except UNREADABLE as error:
            faults.found.append(fault_of(error, "changes", place))
    faults.check()
    return found


def _read_change(guild: int, sent: dict[str, Any]) -> Change:
    kind = sent.get("type")
    if kind not in TYPES:
        raise WrongError(f"must be one of {', '.join(TYPES)}", "type")
    noun = kind.partition(".")[0]
    key = next((key for key in (noun, "data") if key in sent), None)
    place, value = ((key,), sent[key]) if key else ((), sent)
    try:
        return _read_value(guild, kind, value)
    except UNREADABLE as error:
        raise _deeper(error, *place) from error


def _deeper(error: WrongError | msgspec.ValidationError, *place: str) -> WrongError:
    fault = fault_of(error)
    return WrongError(fault.detail, *place, *fault.pointer.split("/")[1:])


def _read_value(guild: int, kind: str, value: object) -> Change:
    if kind in ENDS:
        gone = _read_gone(kind.partition(".")[0], value)
        if kind == "role.delete" and gone == guild:
            raise WrongError("is the @everyone role, without which no guild is")
        return ENDS[kind](gone)
    if kind == "guild.update":
        return read_guild(guild, msgspec.convert(value, GuildIn))
    shape, read = UPSERTS[kind]
    return read(msgspec.convert(value, shape))


def _read_gone(noun: str, value: object) -> int:
    """Read the id of what is gone: alone, as `id`, as `role_id`, `user_id` and the like, or as that of a `user`."""
    if not isinstance(value, dict):
        return read_id(value)
    given = cast("dict[str, Any]", value)
    for key in ("id", f"{noun}_id", "user_id"):
        if key in given:
            return read_id(given[key], key)
    user: object = given.get("user")
    if isinstance(user, dict):
        return read_id(cast("dict[str, Any]", user).get("id"), "user", "id")
    raise WrongError("must be there", "id" if noun in {"role", "channel"} else "user_id")

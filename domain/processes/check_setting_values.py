"""What a row of a setting says of the guild must be true there, and be within reach of who writes it and of the bot."""

from collections.abc import Iterable

import msgspec

from domain.guilds.aggregate import CHANNEL, ROLE, Channel, Role
from domain.guilds.commands import load_standing
from domain.guilds.permissions import FLAGS, Standing
from domain.kernel import Book
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject
from domain.settings.refusals import bot_lacks, denied, failed_check
from domain.settings.values import is_snowflake, items_of

REFERENCES = ("role", "channel")

Ids = dict[str, set[int]]
"""Ids of roles or channels, by column."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it was and as it shall be; {} for one that is not. `sent` are the columns chosen now."""

    before: JsonObject = {}
    after: JsonObject = {}
    sent: frozenset[str] = frozenset()


async def check_setting_values(
    book: Book, defined: Defined, guild: int, change: Change, *, standing: Standing | None, bot: int | None
) -> None:
    """Refuse references to nothing, roles above the caller, and channels where the bot cannot act.

    `standing` None: a caller without a hierarchy, as a bot writing its own settings. Errors: SettingRefusedError.
    """
    await _require_references(book, defined, guild, change)
    touched = _ids(defined, change.before, "role"), _ids(defined, change.after, "role")
    await require_above(book, defined, standing, _differing(*touched))
    if defined.policy.bot_permissions and bot is not None and change.after:
        await _require_bot(book, defined, guild, change, bot)


async def require_above(book: Book, defined: Defined, standing: Standing | None, roles: set[int]) -> None:
    """Refuse roles that are not below the highest of the caller. One that is gone is below everybody."""
    if standing is None or not roles or not defined.policy.role_hierarchy:
        return
    for role in (await _load_roles(book, standing.guild.id, roles)).values():
        if not standing.is_above(role):
            why = f"role hierarchy: your highest role must be above {role.id}"
            raise denied(f"set the role {role.id} in {defined.setting.id}", why)


def roles_in(defined: Defined, row: JsonObject) -> set[int]:
    """Return all roles that a row names."""
    return set[int]().union(*_ids(defined, row, "role").values())


async def _require_references(book: Book, defined: Defined, guild: int, change: Change) -> None:
    if defined.policy.references == "format":
        return
    for kind in REFERENCES:
        if kind not in defined.setting.stored_names:
            continue
        before, after = _ids(defined, change.before, kind), _ids(defined, change.after, kind)
        new = {column: ids - before.get(column, set()) for column, ids in after.items()}
        wanted = set[int]().union(*new.values())
        found = await (_load_roles if kind == "role" else _load_channels)(book, guild, wanted)
        for column, ids in new.items():
            if unknown := sorted(ids - found.keys()):
                text = f"there is no {kind} {unknown[0]} in this guild"
                raise failed_check(column, "existence", text, f"a {kind} of this guild")


async def _require_bot(book: Book, defined: Defined, guild: int, change: Change, bot: int) -> None:
    standing = await load_standing(book, guild, bot)
    channels = await _channels_sent(book, defined, guild, change)
    for permission in defined.policy.bot_permissions:
        if channels is None:
            if standing is None or not standing.holds(permission):
                raise bot_lacks(permission, "this guild")
            continue
        for channel in channels:
            if standing is None or not standing.in_channel(channel) & FLAGS[permission]:
                raise bot_lacks(permission, f"the channel {channel.id}")


async def _channels_sent(book: Book, defined: Defined, guild: int, change: Change) -> list[Channel] | None:
    """Return the channels that were chosen now, None when the setting has no column for any."""
    by_column = _ids(defined, change.after, "channel")
    if "channel" not in defined.setting.stored_names:
        return None
    sent = set[int]().union(*(ids for column, ids in by_column.items() if column in change.sent))
    return list((await _load_channels(book, guild, sent)).values())


async def _load_roles(book: Book, guild: int, ids: Iterable[int]) -> dict[int, Role]:
    found = await book.load_many(ROLE, [(guild, role) for role in sorted(ids)])
    return {role.id: role for role in found.values()}


async def _load_channels(book: Book, guild: int, ids: Iterable[int]) -> dict[int, Channel]:
    found = await book.load_many(CHANNEL, [(guild, channel) for channel in sorted(ids)])
    return {channel.id: channel for channel in found.values()}


def _ids(defined: Defined, row: JsonObject, kind: str) -> Ids:
    columns = defined.setting.stored_names.get(kind, ())
    return {column: _snowflakes(row[column]) for column in columns if column in row}


def _snowflakes(value: object) -> set[int]:
    return {int(item) for item in items_of(value) if isinstance(item, str) and is_snowflake(item)}


def _differing(before: Ids, after: Ids) -> set[int]:
    columns = before.keys() | after.keys()
    return set[int]().union(*(before.get(name, set()) ^ after.get(name, set()) for name in columns))

"""Random deeds of bots and of those who set what bots let them set; part of the deeds of a busy community."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from domain.accounts.commands import refresh_guild_list
from domain.accounts.events import ListedGuild
from domain.fleet.commands import publish_commands, report_stats
from domain.guilds.commands import apply_changes, report_guild
from domain.guilds.events import Overwrite
from domain.guilds.reports import (
    BanGone,
    BanReport,
    Change,
    ChannelGone,
    ChannelReport,
    GuildReport,
    MemberGone,
    MemberReport,
    RoleGone,
    RoleReport,
)
from domain.permissions import OPERATOR
from domain.processes.execute_setting import execute_setting
from domain.processes.register_template import register_template
from domain.processes.setting_case import Ask

Deed = tuple[Callable[..., Awaitable[Any]], dict[str, Any]]

GUILDS = (920, 921)
BOT = 900
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMANDS = {
    *(report_guild, apply_changes, register_template, execute_setting),
    *(report_stats, publish_commands, refresh_guild_list),
}


def _column(name: str, inner: dict[str, Any], *, primary_key: bool = False) -> dict[str, Any]:
    texts = {"id": name, "name": name, "description": "", "placeholder": None}
    kind = {"column_type": {"type": "Scalar", "inner": inner}, "primary_key": primary_key}
    return {**texts, **kind, "nullable": False, "hidden": [], "readonly": []}


WORD = {
    "type": "String",
    "kind": "normal",
    "min_length": None,
    "max_length": None,
    "allowed_values": [],
    "suggestions": None,
}
QUEUE: dict[str, Any] = {
    **dict.fromkeys(("view_template", "footer", "icon", "validation_template", "postsend_template", "title_template")),
    "id": "queue",
    "name": "Queue",
    "description": "",
    "index_by": "place",
    "columns": [_column("name", WORD, primary_key=True), _column("note", WORD), _column("place", {"type": "Integer"})],
    "operations": ["View", "Create", "Update", "Delete"],
}


def guild_deeds(random: Random, text: str, account: int) -> list[Deed]:
    """Return one deed of each kind, about this account."""
    guild = random.choice(GUILDS)
    listed = ListedGuild(id=guild, name=text, icon=None, permissions=random.randrange(64))
    shards = {"0": {"status": "Ready", "guilds": random.randrange(100)}}
    template = {"name": "queues", "owner": BOT, "may_reserve": False, "settings": [QUEUE]}
    return [
        (report_guild, _reported(random, guild, text)),
        *((apply_changes, {"guild": guild, "changes": [change]}) for change in _changes(random, text)),
        (register_template, template),
        *((execute_setting, {"ask": _ask(random, guild, text)}) for _ in range(4)),
        (report_stats, {"bot": BOT, "shards": shards, "total_guilds": 2}),
        (publish_commands, {"bot": BOT, "commands": ({"name": text},)}),
        (refresh_guild_list, {"account": account, "guilds": (listed,)}),
    ]


def _reported(random: Random, guild: int, text: str) -> dict[str, Any]:
    some = random.sample(range(10, 16), 3)
    overwrite = Overwrite(id=guild, kind=0, allow=random.randrange(8))
    return {
        "report": GuildReport(id=guild, owner=310, name=text, icon=None),
        "roles": [RoleReport(id=role, name=text) for role in (guild, *some)],
        "channels": [ChannelReport(id=channel, kind=0, name=text, overwrites=(overwrite,)) for channel in some],
        "bot": BOT,
    }


def _changes(random: Random, text: str) -> list[Change]:
    some = random.randrange(10, 16)
    return [
        RoleReport(id=some, name=text),
        RoleGone(some),
        ChannelReport(id=some, kind=2, name=text),
        ChannelGone(some),
        MemberReport(id=some, username=text, roles=(some,)),
        MemberReport(id=some, username=text, nick=text),
        MemberGone(some),
        BanReport(id=some, reason=text),
        BanGone(some),
    ]


def _ask(random: Random, guild: int, text: str) -> Ask:
    fields = {"name": f"row {random.randrange(20)}", "note": text, "place": random.randrange(8)}
    return Ask(
        guild=guild,
        template="queues",
        setting="queue",
        operation=random.choice(["Create", "Create", "Update", "Delete"]),
        fields=fields,
        actor=OPERATOR,
        user=None,
        now=NOW,
        operation_id=str(UUID(int=random.getrandbits(128))),
    )

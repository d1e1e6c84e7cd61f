"""A guild with a setting of every kind of column, the people in it, and how they visit the console."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import msgspec

from api.tokens import hash_token, new_token
from domain.accounts.aggregate import Profile
from domain.guilds.commands import report_guild, report_members
from domain.guilds.permissions import FLAGS
from domain.guilds.reports import ChannelReport, GuildReport, MemberReport, RoleReport
from domain.processes.open_login import open_login
from domain.processes.register_template import register_template
from domain.sessions.aggregate import Opening
from tests.world import World, new_number

HOSTILE = "<script>alert(1)</script>"
FORM = "application/x-www-form-urlencoded"
OPERATIONS = ["View", "Create", "Update", "Delete"]


def column(name: str, inner: Mapping[str, Any], kind: str = "Scalar", **more: object) -> dict[str, Any]:
    """Return a column as a bot registers it."""
    return {"id": name, "name": name.title(), "column_type": {"type": kind, "inner": inner}, **more}


def text(kind: str = "normal", **more: object) -> dict[str, Any]:
    return {"type": "String", "kind": kind, **more}


GREETINGS: dict[str, Any] = {
    "id": "greetings",
    "name": "Greetings",
    "description": "What newcomers read.",
    "icon": "Bell",
    "index_by": "slot",
    "title_template": "{channel}",
    "operations": [*OPERATIONS, "test", "purge"],
    "footer": {"end_text": "In this order."},
    "columns": [
        column("channel", text("channel"), primary_key=True),
        column("slot", {"type": "Integer"}),
        column("about", {"type": "Info", "message": "Be kind."}, "Widget"),
        column("message", text("textarea", max_length=30), description="At most 30 characters."),
        column("nick", text(), nullable=True),
        column("tone", text(allowed_values=["warm", "dry", HOSTILE])),
        column("role", text("role"), nullable=True),
        column("author", text("user"), nullable=True),
        column("key", text("uuid"), nullable=True),
        column("delay", text("interval"), nullable=True),
        column("until", text("timestamp"), nullable=True),
        column("secret", text("password"), nullable=True),
        column("count", {"type": "Integer"}),
        column("chance", {"type": "Float"}, nullable=True),
        column("active", {"type": "Boolean"}),
        column("style", {"type": "BitFlag", "values": {"EMBED": 1, "DM": 2}}),
        column("extra", {"type": "Json", "style": "json"}),
        column("script", {"type": "Json", "style": "template-content"}),
        column("roles", text("role"), "Array"),
        column("words", text(), "Array"),
        column("events", text(suggestions=["JOIN", "LEAVE"]), "Array"),
        column("try", {"type": "Button", "label": "Try it", "op": "test"}, "Widget"),
        column("created_at", text("timestamp"), readonly=["Create", "Update"]),
        column("created_by", text("user"), readonly=["Create", "Update"]),
    ],
}
FILTER: dict[str, Any] = {
    "id": "a/b c",
    "name": "Word filter",
    "operations": ["View", "Update"],
    "icon": "Shield",
    "columns": [column("words", text(), "Array"), column("strict", {"type": "Boolean"})],
}
HIDDEN: dict[str, Any] = {
    "id": "hidden",
    "name": "For owners",
    "operations": ["View", "Update"],
    "columns": [column("note", text())],
}
POLICIES = {"hidden": {"view_permission": "ADMINISTRATOR", "write_permission": "ADMINISTRATOR"}}


class Visitor:
    """Somebody before the console."""

    def __init__(self, http: httpx.AsyncClient, account: int, token: str = "") -> None:
        self.account = account
        self.token = token
        self.http = http
        self.headers = {"Cookie": f"guildbook_console={token}"}

    async def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        return await self.http.get(path, headers=self.headers, **options)

    async def post(
        self, path: str, form: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form from a page of the console."""
        origin = str(self.http.base_url).rstrip("/")
        sent = {
            "Origin": origin,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": FORM,
            **self.headers,
            **(headers or {}),
        }
        return await self.http.post(path, content=urlencode(pairs(form)), headers=sent)


def pairs(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of a form one by one."""
    return [(name, one) for name, value in form.items() for one in (value if isinstance(value, list) else [value])]


class Home:
    """A guild: `owner`, `manager` (MANAGE_GUILD) and `member` are in it, `stranger` is not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.guild, self.template = new_number(), f"greeter {secrets.token_hex(4)}"
        self.hello, self.rules = new_number(), new_number()
        self.staff, self.fans = new_number(), new_number()

    async def open(self) -> None:
        bot = await self.world.primary()
        self.owner, self.manager, self.member, self.stranger = [await self.person(name) for name in NAMES]
        roles = [
            RoleReport(id=self.guild, name="@everyone"),
            RoleReport(id=self.staff, name="Staff", position=2, permissions=FLAGS["MANAGE_GUILD"], color=0xE67E22),
            RoleReport(id=self.fans, name=HOSTILE, position=1),
        ]
        channels = [
            ChannelReport(id=self.hello, kind=0, name="hello", position=1),
            ChannelReport(id=self.rules, kind=0, name="rules", position=2),
        ]
        report = GuildReport(id=self.guild, owner=self.owner.account, name=f"Home {HOSTILE}")
        await self.world.do(report_guild, report=report, roles=roles, channels=channels, bot=bot.id)
        members = [
            MemberReport(id=self.owner.account, username="olga", nick="Olga"),
            MemberReport(id=self.manager.account, username="mark", roles=(self.staff,)),
            MemberReport(id=self.member.account, username="mia"),
        ]
        await self.world.do(report_members, guild=self.guild, members=members)
        settings = {"settings": [GREETINGS, FILTER, HIDDEN], "policies": POLICIES, "guild_ids": [str(self.guild)]}
        await self.world.do(register_template, name=self.template, owner=bot.id, may_reserve=True, **settings)

    async def person(self, name: str, minutes: int = 60, number: int | None = None) -> Visitor:
        """Log somebody in, somebody new unless it is said who."""
        account, token = number or new_number(), new_token()
        end = datetime.now(UTC) + timedelta(minutes=minutes)
        profile = Profile(account, name, "0", "https://cdn.example.org/a.png")
        opening = Opening(str(uuid4()), hash_token(token), end)
        await self.world.do(open_login, profile=profile, opening=opening, signups_default=True)
        return Visitor(self.world.http, account, token)

    def path(self, setting: str = "greetings") -> str:
        return f"/console/guilds/{self.guild}/settings/{quote(self.template)}/{quote(setting, safe='')}"

    def greeting(self, **more: object) -> dict[str, Any]:
        """Return the form of a new greeting, filled in."""
        marks = {
            "channel": "choice", "message": "area", "nick": "text", "tone": "choice", "role": "choice",
            "author": "text", "key": "text", "delay": "text", "until": "moment", "secret": "password",
            "count": "number",
            "chance": "number", "active": "switch", "style": "flags", "extra": "json", "script": "files",
            "roles": "choices", "words": "lines", "events": "items",
        }  # fmt: skip
        typed: dict[str, Any] = {
            "_form": "Create",
            "_operation": "Create",
            **{f"m:{name}": control for name, control in marks.items()},
            "f:channel": str(self.hello),
            "f:message": "Welcome!\r\nRead the rules.",
            "f:nick": "",
            "f:tone": "warm",
            "f:role": "",
            "f:author": str(self.owner.account),
            "f:key": "",
            "f:delay": "5m",
            "f:until": "2030-01-02T03:04",
            "f:secret": "hunter2",
            "f:count": "20",
            "f:chance": "0.5",
            "f:active": ["false", "true"],
            "f:style": ["0", "2"],
            "f:extra": '{"a": [1, 2]}',
            "p:script": ["init.luau", ""],
            "f:script": ["return 1", ""],
            "f:roles": ["", str(self.fans)],
            "f:words": "spam\r\neggs",
            "f:events": ["JOIN", ""],
        }
        return {**typed, **more}

    async def rows(self, visitor: Visitor | None = None) -> list[dict[str, Any]]:
        """Return the greetings as the settings API shows them."""
        asker = visitor or self.owner
        body = {"setting": "greetings", "operation": "View", "fields": {}}
        headers = {"Authorization": asker.token}
        answer = await self.world.http.post(f"/guilds/{self.guild}/settings", json=body, headers=headers)
        return answer.json()[self.template]["data"]


NAMES = ("olga", "mark", "mia", "sam")


def fields_on(page: str) -> dict[str, list[str]]:
    """Return the hidden fields and the values of inputs of a page, by name."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and not ('type="checkbox"' in tag and "checked" not in tag):
            found.setdefault(unescape(name[1]), []).append(unescape(value[1]) if value else "")
    return found


def key_text(**key: str) -> str:
    return msgspec.json.encode(key).decode()

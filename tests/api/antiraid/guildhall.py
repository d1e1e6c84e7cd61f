"""A guild with a bot, its templates, and people of all standings, for whoever tests settings."""

import json
from typing import Any

import httpx

from tests.api.antiraid.callers import Holder, open_session
from tests.guild_samples import channel, member, role, snapshot
from tests.world import Bot, World, new_number

STEWARDS = 1 << 5 | 1 << 28
"""MANAGE_GUILD and MANAGE_ROLES."""


class Guildhall:
    """A guild. `steward` may manage it, `member` may nothing, `stranger` is no member."""

    def __init__(self, world: World, bot: Bot) -> None:
        self.world = world
        self.bot = bot
        self.id = new_number()
        self.high, self.middle, self.low, self.room, self.other_room = (str(new_number()) for _ in range(5))

    async def open(self) -> "Guildhall":
        """Report the guild, so that the bot is in it."""
        self.owner, self.steward, self.member, self.stranger = [await open_session(self.world) for _ in range(4)]
        await self.report()
        return self

    async def report(self) -> None:
        made(await self.bot.put(f"/book/guilds/{self.id}", self._snapshot()))

    def _snapshot(self) -> dict[str, Any]:
        everyone = role(self.id, position=0)
        own = [role(int(self.low)), role(int(self.middle), STEWARDS, 2), role(int(self.high), position=3)]
        people = [member(self.owner.account), member(self.steward.account, [int(self.middle)])]
        return snapshot(
            self.id,
            self.owner.account,
            roles=[everyone, *own],
            channels=[channel(int(self.room)), channel(int(self.other_room))],
            members=[*people, member(self.member.account, [int(self.low)])],
        )

    @property
    def path(self) -> str:
        return f"/guilds/{self.id}/settings"

    async def offer(self, settings: list[dict[str, Any]], bot: Bot | None = None, **more: Any) -> str:  # noqa: ANN401
        """Register a template of these settings for this guild, and return its name."""
        name = f"greeter {new_number()}"
        body = {"guild_ids": [str(self.id)], "settings": settings, **more}
        made(await (bot or self.bot).put(f"/book/settings/templates/{name}", body))
        return name

    async def ask(
        self, operation: str, fields: object, *, setting: str = "doorbell", by: Holder | None = None, **headers: str
    ) -> httpx.Response:
        """Ask for an operation, as the steward unless it is somebody else."""
        body = {"setting": setting, "operation": operation, "fields": fields}
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await (by or self.steward).post(self.path, body, headers=named)

    async def said(self, operation: str, fields: object, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Ask, and return what the one template answers that defines the setting."""
        [result] = made(await self.ask(operation, fields, **more)).values()
        return result

    async def rows(self, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as `said` has them
        return data(await self.said("View", {}, **more))

    async def history(self, template: str, key: object, by: Holder | None = None, **query: Any) -> httpx.Response:  # noqa: ANN401
        path = f"/book/guilds/{self.id}/settings/{template}/doorbell/history"
        named = {} if key is None else {"key": json.dumps(key)}
        return await (by or self.steward).get(path, params={**named, **query})


async def open_guildhall(world: World) -> Guildhall:
    """Open a guild with a bot of its own."""
    return await Guildhall(world, await world.bot()).open()


def made(answer: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    assert answer.status_code == 200, answer.text
    return answer.json()


def data(result: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    assert result["type"] == "Ok", result
    return result["data"]


def error(result: dict[str, Any]) -> dict[str, Any]:
    """Return the typed error of a refusal, which also says it in words."""
    assert result["type"] == "Err", result
    assert isinstance(result["data"], str)
    assert result["data"]
    return result["error"]


def text(kind: str = "normal", **limits: Any) -> dict[str, Any]:  # noqa: ANN401 - as definitions have them
    """Return a column type for texts."""
    return {"type": "Scalar", "inner": {"type": "String", "allowed_values": [], "kind": kind, **limits}}


def texts(kind: str = "normal") -> dict[str, Any]:
    return {"type": "Array", "inner": text(kind)["inner"]}


def scalar(kind: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as definitions have them
    return {"type": "Scalar", "inner": {"type": kind, **more}}


def column(name: str, column_type: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    return {
        "id": name,
        "name": name.capitalize(),
        "description": "",
        "placeholder": None,
        "column_type": column_type,
        "primary_key": False,
        "nullable": False,
        "hidden": [],
        "readonly": [],
        **more,
    }


def setting(name: str, columns: list[dict[str, Any]], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    return {
        "id": name,
        "name": name.capitalize(),
        "description": "",
        "view_template": None,
        "index_by": None,
        "columns": columns,
        "operations": ["View", "Create", "Update", "Delete"],
        "footer": None,
        "icon": None,
        "validation_template": None,
        "postsend_template": None,
        "title_template": None,
        **more,
    }


def doorbell(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    """Return a setting whose rows are rooms, in an order."""
    columns = [
        column("room", text("channel", max_length=20), primary_key=True, readonly=["Update"]),
        column("slot", scalar("Integer"), hidden=["Create"]),
        column("mention", texts("role"), nullable=True),
        column("style", scalar("BitFlag", values={"EMBED": 1, "DM": 2})),
    ]
    return setting("doorbell", columns, **{"index_by": "slot", **more})


def notes(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    """Return a setting whose rows are named notes."""
    columns = [column("name", text(), primary_key=True), column("body", text("textarea"))]
    return setting("notes", columns, **more)

"""The guilds of a Discord that is not one: what is in them, and what may be done to them."""

import json
import time
from collections.abc import Iterable
from itertools import count
from typing import Any

EPOCH_MS = 1_420_070_400_000
CATEGORY, TEXT = 4, 0
MISSING_PERMISSIONS, INVALID_FORM, UNKNOWN_ROLE = 50013, 50035, 10011
ROLES_MAX = 250
Shown = dict[str, Any]
_numbers = count(1)


def new_id() -> int:
    """Return an id of this moment."""
    return (time.time_ns() // 1_000_000 - EPOCH_MS) << 22 | next(_numbers) % (1 << 22)


class Refused(Exception):  # noqa: N818 - it is an answer
    """What is refused, as Discord says so."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "code": code}


class FakeGuild:
    """A guild: what is in it, in the shapes that Discord shows."""

    def __init__(self, number: int, owner: int, bot_roles: Iterable[int] = ()) -> None:
        self.properties: Shown = {"id": str(number), "name": "Target", "owner_id": str(owner)}
        self.number = number
        self.roles: dict[int, Shown] = {}
        self.channels: dict[int, Shown] = {}
        self.bans: dict[int, str] = {}
        self.bot_roles = list(bot_roles)
        self.add_role("@everyone", number=number, position=0)

    def add_role(self, name: str, *, number: int | None = None, **more: object) -> int:
        """Put a role in, as somebody else would."""
        number = number or new_id()
        for role in self.roles.values():  # the new one is the lowest, right above @everyone
            role["position"] += role["position"] > 0
        known = {"position": 1, "permissions": "0", "color": 0, "hoist": False, "mentionable": False, "managed": False}
        self.roles[number] = {"id": str(number), "name": name, **known, **more}
        return number

    def add_channel(self, name: str, *, number: int | None = None, **more: object) -> int:
        """Put a channel in, as somebody else would."""
        number = number or new_id()
        known = {"type": 0, "position": 0, "parent_id": None, "permission_overwrites": []}
        self.channels[number] = {"id": str(number), "name": name, **known, **more}
        return number

    def reach(self) -> int:
        """Return the position of the bot's highest role."""
        return max((self.roles[role]["position"] for role in self.bot_roles), default=0)

    def shape(self) -> Shown:
        """Return what it is like, ids aside: they are replaced by what they are of."""
        names = {str(number): each["name"] for number, each in (*self.roles.items(), *self.channels.items())}
        return {
            "properties": _without_ids(self.properties, names),
            "roles": sorted(_without_ids(role, names) for role in self.roles.values()),
            "channels": sorted(_without_ids(channel, names) for channel in self.channels.values()),
            "bans": self.bans,
        }

    def require_role(self, number: int) -> Shown:
        """Return a role that the bot may touch."""
        if number not in self.roles:
            raise Refused(404, UNKNOWN_ROLE, "Unknown Role")
        role = self.roles[number]
        if number != self.number and (role["managed"] or role["position"] >= self.reach()):
            raise Refused(403, MISSING_PERMISSIONS, "Missing Permissions")
        return role

    def require_sound(self, body: Shown) -> None:
        """Refuse a channel that names what is not there."""
        parent = body.get("parent_id")
        if parent is not None and self.channels.get(int(parent), {}).get("type") != CATEGORY:
            raise Refused(400, INVALID_FORM, "Invalid Form Body")
        for overwrite in body.get("permission_overwrites", ()):
            if overwrite["type"] == 0 and int(overwrite["id"]) not in self.roles:
                raise Refused(400, INVALID_FORM, "Invalid Form Body")


def _without_ids(shown: Shown, names: dict[str, str]) -> str:
    text = json.dumps({name: value for name, value in shown.items() if name != "id"}, sort_keys=True)
    for number, name in names.items():
        text = text.replace(number, name)
    return text


def in_guild(guild: FakeGuild, method: str, path: list[str], body: Any) -> Any:  # noqa: ANN401
    """Do what a request says, and return the answer. Errors: Refused."""
    match method, path:
        case "GET", []:
            return {**guild.properties, "roles": list(guild.roles.values())}
        case "PATCH", []:
            guild.properties |= body
            return guild.properties
        case _, ["roles", *rest]:
            return _roles(guild, method, rest, body)
        case "GET", ["channels"]:
            return list(guild.channels.values())
        case "POST", ["channels"]:
            guild.require_sound(body)
            name = body["name"].lower().replace(" ", "-") if body["type"] == TEXT else body["name"]
            return guild.channels[guild.add_channel(**{**body, "name": name})]
        case "GET", ["members", _]:
            return {"roles": list(map(str, guild.bot_roles))}
        case "GET", ["bans"]:
            page = [user for user in sorted(guild.bans) if user > int(body["after"])][: int(body["limit"])]
            return [{"user": {"id": str(user)}, "reason": guild.bans[user]} for user in page]
        case "PUT", ["bans", user]:
            guild.bans.setdefault(int(user), "")
            return None
        case _:
            raise Refused(404, 0, "404: Not Found")


def _roles(guild: FakeGuild, method: str, path: list[str], body: Any) -> Any:  # noqa: ANN401
    match method, path:
        case "GET", []:
            return list(guild.roles.values())
        case "POST", []:
            if len(guild.roles) >= ROLES_MAX:
                raise Refused(400, 30005, "Maximum number of guild roles reached (250)")
            return guild.roles[guild.add_role(**body)]
        case "PATCH", []:
            for wish in body:
                guild.require_role(int(wish["id"]))["position"] = wish["position"]
            return list(guild.roles.values())
        case "PATCH", [number]:
            return _changed(guild, int(number), body)
        case "DELETE", [number]:
            guild.require_role(int(number))
            del guild.roles[int(number)]
            return None
        case _:
            raise Refused(404, 0, "404: Not Found")


def _changed(guild: FakeGuild, number: int, body: Shown) -> Shown:
    guild.require_role(number).update(body)
    return guild.roles[number]


def change_channel(guild: FakeGuild, method: str, number: int, body: Shown) -> Shown:
    """Change or delete a channel, and return it."""
    channel = guild.channels[number]
    if method == "PATCH":
        guild.require_sound(body)
        channel.update(body)
    elif method == "DELETE":
        del guild.channels[number]
        for other in guild.channels.values():
            if other["parent_id"] == str(number):
                other["parent_id"] = None
    return channel

"""Guilds as bots report them: small ones to change, and large ones to measure."""

from collections.abc import Sequence
from itertools import count
from typing import Any

Sent = dict[str, Any]

_numbers = count(900_000_000_000_000_000, 1000)


def new_guild() -> int:
    """Return an id of a guild that no test has used; the thousand after it are free for what is in it."""
    return next(_numbers)


def role(number: int, permissions: int = 0, position: int = 1, **more: object) -> Sent:
    """Return a role as Discord shows one."""
    name, bits = f"role {number}", str(permissions)
    return {"id": str(number), "name": name, "position": position, "permissions": bits, "icon": None, **more}


def channel(number: int, kind: int = 0, parent: int | None = None, **more: object) -> Sent:
    """Return a channel as Discord shows one."""
    category = None if parent is None else str(parent)
    return {"id": str(number), "type": kind, "name": f"channel {number}", "parent_id": category, "flags": 0, **more}


def overwrite(target: int, kind: int = 0, allow: int = 0, deny: int = 0) -> Sent:
    """Return an overwrite as Discord shows one."""
    return {"id": str(target), "type": kind, "allow": str(allow), "deny": str(deny)}


def member(user: int, roles: Sequence[int] = (), **more: object) -> Sent:
    """Return a member as Discord shows one."""
    shown = {"id": str(user), "username": f"user{user}", "global_name": None, "avatar": None, "discriminator": "0"}
    joined = "2021-03-04T05:06:07.089000+00:00"
    return {"user": shown, "nick": None, "roles": list(map(str, roles)), "joined_at": joined, "deaf": False, **more}


def ban(user: int, reason: str | None = None) -> Sent:
    """Return a ban."""
    return {"user_id": str(user), "reason": reason}


def snapshot(guild: int, owner: int = 7, **more: object) -> Sent:
    """Return a guild with its @everyone role and nothing else, unless more is said."""
    everyone = role(guild, position=0, name="@everyone")
    alone = {"name": "Azores", "icon": None, "owner_id": str(owner), "roles": [everyone], "channels": []}
    return {**alone, "region": "eu", **more}


def large_guild(guild: int, members: int, roles: int = 250, channels: int = 500) -> Sent:
    """Return a guild with very many people in it, who hold three roles each."""
    own = [role(guild + 1 + n, permissions=1 << n % 40, position=n + 1) for n in range(roles - 1)]
    categories = [channel(guild + 300 + n, kind=4) for n in range(channels // 10)]
    text = [
        channel(
            guild + 400 + n,
            parent=guild + 300 + n % len(categories),
            position=n,
            permission_overwrites=[overwrite(guild + 1 + n % (roles - 1), allow=1024), overwrite(guild, deny=2048)],
        )
        for n in range(channels - len(categories))
    ]
    people = [
        member(10**18 + n, [guild + 1 + (n + step) % (roles - 1) for step in (0, 7, 31)], avatar=None)
        for n in range(members)
    ]
    everyone = role(guild, position=0, name="@everyone")
    return snapshot(guild, roles=[everyone, *own], channels=[*categories, *text], members=people, members_complete=True)

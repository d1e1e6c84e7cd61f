"""Guilds to back up and load, and what is said of them over `/book`."""

from typing import Any

import httpx

from tests.guild_samples import ban, channel, member, new_guild, overwrite, role, snapshot
from tests.world import Bot, World

OWNER, ADMIN, MEMBER = 64, 65, 66
NOWHERE = 2**62  # the id of no guild
BACKUPS, TEMPLATES, LOADS = "/book/backups", "/book/templates", "/book/loads"


async def new_source(bot: Bot, owner: int = OWNER) -> int:
    """Report a guild with two roles, a category with a channel, and a ban; return its id."""
    guild = new_guild()
    own = [role(guild, name="@everyone", position=0), role(guild + 1, permissions=8), role(guild + 2, managed=True)]
    inside = channel(guild + 6, parent=guild + 5, permission_overwrites=[overwrite(guild + 1, allow=1024)])
    people = [member(ADMIN, [guild + 1]), member(MEMBER)]
    more = {
        "roles": own,
        "channels": [channel(guild + 5, kind=4), inside],
        "members": people,
        "bans": [ban(99, "spam")],
    }
    done(await bot.put(f"/book/guilds/{guild}", snapshot(guild, owner, description="Waves", **more)))
    return guild


async def new_target(bot: Bot, owner: int = OWNER) -> int:
    """Report a guild with a role and a channel, and return its id."""
    guild = new_guild()
    own = [role(guild, name="@everyone", position=0), role(guild + 1)]
    sent = snapshot(guild, owner, roles=own, channels=[channel(guild + 5)], members=[member(MEMBER)])
    done(await bot.put(f"/book/guilds/{guild}", sent))
    return guild


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """Return what was answered."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


async def back_up(bot: Bot, guild: int, user: int = OWNER, **more: object) -> dict[str, Any]:
    """Take a backup."""
    body = {"guild_id": str(guild), "user_id": str(user), **more}
    return done(await bot.post(BACKUPS, body), 201)


async def publish(bot: Bot, guild: int, user: int = OWNER, **more: object) -> dict[str, Any]:
    """Publish a template."""
    body = {"name": "Gaming", "guild_id": str(guild), "user_id": str(user), **more}
    return done(await bot.post(TEMPLATES, body), 201)


def external(target: int, **more: object) -> dict[str, Any]:
    """Return a load that a bot runs itself, of what only it knows."""
    what = {"kind": "external", "type": "backup", "backup_id": "ELSEWHERE1", "source_id": "7100"}
    return {**what, "target_id": str(target), "user_id": str(OWNER), **more}


async def limited(world: World, *guilds: int) -> Bot:
    """Return a bot whose token is for these guilds only."""
    return await world.bot(guilds=guilds)

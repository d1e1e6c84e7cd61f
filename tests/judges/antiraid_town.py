"""A small town for the judge of dashboards: its guilds, what may be set there, and who comes by."""

from typing import Any

from tests.fake_discord import CLIENT_ID, REDIRECT_URI, FakeDiscord
from tests.guild_samples import channel, member, overwrite, role, snapshot
from tests.judges.antiraid_client import Dashboard
from tests.judges.shapes import Sample
from tests.world import Bot, World

OWNER, INES, RUI = 310000000000000001, 310000000000000007, 310000000000000008
AZORES, MADEIRA = 920, 930
STEWARDS = 1 << 5 | 1 << 28
"""MANAGE_GUILD and MANAGE_ROLES."""
GREETER = {"guild_ids": ["920"], "settings": Sample("definitions").answer["greeter"]["data"]}
PORTER = {**Sample("column_types").asked, "settings": Sample("column_types").answer["porter"]["data"]}
TEMPLATES = "/book/settings/templates"


async def found(bot: Bot) -> None:
    """Report two guilds, and what may be set there."""
    for guild in (AZORES, MADEIRA):
        await put(bot, f"/book/guilds/{guild}", reported(guild))
    await put(bot, f"{TEMPLATES}/greeter", GREETER)
    await put(bot, f"{TEMPLATES}/porter", PORTER)
    await put(bot, "/book/bots/@me/stats", Sample("bot_stats").answer)
    await put(bot, "/book/bots/@me/commands", Sample("bot_state").answer)


def reported(guild: int) -> dict[str, Any]:
    low, stewards, bots = (940, 941, 942) if guild == AZORES else (950, 951, 952)
    room, category, other = guild + 1, guild + 2, guild + 3
    return snapshot(
        guild,
        OWNER,
        icon="a_1f",
        roles=[role(guild, 1 << 10, 0), role(low), role(stewards, STEWARDS, 2), role(bots, 1 << 11, 3)],
        channels=[
            channel(category, kind=4),
            channel(room, parent=category, permission_overwrites=[overwrite(guild, deny=1 << 10)]),
            channel(other),
        ],
        members=[member(OWNER), member(INES, [stewards]), member(RUI), member(CLIENT_ID, [bots])],
    )


async def put(bot: Bot, path: str, body: object) -> None:
    answer = await bot.put(path, body)
    assert answer.is_success, answer.text


def code_for(discord: FakeDiscord, number: int) -> str:
    """Return a code with which the provider sends somebody back who is in a guild."""
    code = discord.sends_back(number, global_name="Inês", avatar="a_1f")
    guild = {"id": str(AZORES), "name": "Azores", "icon": "a_1f", "owner": False, "permissions": "32"}
    discord.lists(discord.token_for(code), guild)
    return code


async def dashboard_of(world: World, discord: FakeDiscord, number: int) -> Dashboard:
    dashboard = Dashboard(world.http)
    await dashboard.log_in(code_for(discord, number), REDIRECT_URI)
    return dashboard

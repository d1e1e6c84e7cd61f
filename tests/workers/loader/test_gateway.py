"""A guild at Discord, over connections that are cut and answers that are lost: no object is made twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import aiohttp
import pytest

from domain.guilds.aggregate import Channel, Role
from domain.guilds.events import Overwrite
from domain.guilds.reports import GuildReport
from schemas.settings import Settings
from tests.fake_discord_rest import TOKEN, FakeDiscordRest
from workers.loader import gateway as gateways
from workers.loader import rest
from workers.loader.gateway import DiscordGuild, TargetLostError
from workers.loader.rest import CredentialsLostError, InDoubtError, RefusedError, Rest, SilentError

GUILD = 920
ROLE = Role(id=31, name="keepers", permissions=1 << 53, color=7, hoist=True)
HALL = Channel(id=41, kind=0, name="Great Hall", topic="all of us", overwrites=(Overwrite(GUILD, 0, 1024, 2048),))
FAULTS = ["cut", "500", "429", "global", "lost", "half", "late 500"]


@pytest.fixture(autouse=True)
def no_doubt_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "DOUBT_SECONDS", 0.01)


@asynccontextmanager
async def gateway(discord: FakeDiscordRest, token: str = TOKEN, seconds: int = 5) -> AsyncIterator[DiscordGuild]:
    """Open the guild at Discord for a load that begins now. Pauses are short, not left out: limits are limits."""
    settings = Settings(discord_api_url=discord.url, discord_bot_token=token, discord_timeout_seconds=seconds)
    async with aiohttp.ClientSession() as session:
        yield DiscordGuild(Rest(session, settings), GUILD, "ld_1", datetime.now(UTC), partial(pause, discord))


async def pause(discord: FakeDiscordRest, seconds: float) -> None:
    """Wait, as far as the test has patience."""
    await asyncio.sleep(min(seconds, discord.retry_after))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_role_is_made_once_whatever_happens_to_the_answers(
    discord: FakeDiscordRest, fault: str, times: int
) -> None:
    guild = discord.guild(GUILD)
    discord.faults.extend([fault] * times)
    async with gateway(discord) as target:
        number = await target.create_role(31, ROLE, ())
    [made] = [role for role in guild.roles.values() if role["name"] == "keepers"]
    assert made["id"] == str(number)
    assert (made["permissions"], made["color"], made["hoist"]) == (str(1 << 53), 7, True)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_channel_is_made_once_whatever_happens_to_the_answers(discord: FakeDiscordRest, fault: str) -> None:
    guild = discord.guild(GUILD)
    discord.faults.extend(["", fault])
    async with gateway(discord) as target:
        category = await target.create_channel(40, Channel(id=40, kind=4, name="Halls"), ())
        hall = await target.create_channel(41, HALL, {category})
    assert set(guild.channels) == {category, hall}
    made = guild.channels[hall]
    assert (made["name"], made["topic"]) == ("great-hall", "all of us")
    assert made["permission_overwrites"] == [{"id": str(GUILD), "type": 0, "allow": "1024", "deny": "2048"}]


async def test_what_was_there_before_the_load_or_belongs_to_another_object_is_not_taken_for_the_one_in_doubt(
    discord: FakeDiscordRest,
) -> None:
    guild = discord.guild(GUILD)
    guild.add_role("keepers", number=GUILD + 1)  # by its id, as old as Discord
    async with gateway(discord) as target:
        first = await target.create_role(31, ROLE, ())
        discord.faults.append("cut")
        second = await target.create_role(32, ROLE, {first})
    assert len({GUILD + 1, first, second}) == 3
    assert len([role for role in guild.roles.values() if role["name"] == "keepers"]) == 3


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_may_be_repeated_is_repeated(discord: FakeDiscordRest, fault: str) -> None:
    guild = discord.guild(GUILD)
    role, hall = guild.add_role("old"), guild.add_channel("old")
    discord.fault_of = lambda _: fault if odd(discord) else ""
    async with gateway(discord) as target:
        await target.edit_role(GUILD, GUILD, Role(id=GUILD, name="@everyone", permissions=64))
        await target.edit_role(31, role, ROLE)
        await target.order_roles({role: 5})
        assert guild.roles[role]["position"] == 5
        await target.ban(501, "spam")
        assert guild.bans == {501: ""}
        await target.edit_guild(GuildReport(id=GUILD, name="Azores", icon="x", system_channel=hall))
        await target.delete_role(role)
        await target.delete_channel(hall)
    assert (guild.properties["name"], guild.properties["system_channel_id"]) == ("Azores", str(hall))
    assert (guild.roles[GUILD]["permissions"], guild.roles[GUILD]["name"]) == ("64", "@everyone")
    assert role not in guild.roles
    assert guild.channels == {}


def odd(discord: FakeDiscordRest) -> bool:
    """Let every second request have a fault, the first one too."""
    return len(discord.asked) % 2 == 1


async def test_limits_are_kept_and_not_run_into(discord: FakeDiscordRest) -> None:
    discord.guild(GUILD)
    discord.bucket_size, discord.bucket_seconds, discord.retry_after = 3, 0.3, 1.0
    async with gateway(discord) as target:
        for number in range(12):
            await target.create_role(number, ROLE, ())
    assert discord.overruns == 0
    came = [asked.at for asked in discord.asked]
    assert all(later - earlier >= 0.3 for earlier, later in zip(came, came[3:], strict=False))


async def test_the_audit_log_names_the_load_and_the_object(discord: FakeDiscordRest) -> None:
    discord.guild(GUILD)
    async with gateway(discord) as target:
        await target.create_role(31, ROLE, ())
        await target.ban(501, "spam, für Geld")
    assert [asked.reason for asked in discord.asked] == ["Guildbook load ld_1: role 31", "spam, für Geld"]


async def test_a_lost_target_and_a_token_that_is_not_accepted_are_told_apart(discord: FakeDiscordRest) -> None:
    async with gateway(discord) as target:
        with pytest.raises(TargetLostError):
            await target.read()
    discord.guild(GUILD)
    async with gateway(discord, token="another") as target:
        with pytest.raises(CredentialsLostError):
            await target.read()


async def test_a_refusal_says_why(discord: FakeDiscordRest) -> None:
    guild = discord.guild(GUILD)
    async with gateway(discord) as target:
        with pytest.raises(RefusedError, match="Missing Permissions"):
            await target.edit_role(31, guild.bot_roles[0], ROLE)


async def test_it_is_not_asked_for_ever(discord: FakeDiscordRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "TRIES_MAX", 3)
    discord.guild(GUILD)
    discord.retry_after = 0.001
    discord.fault_of = lambda _: "500"
    async with gateway(discord) as target:
        with pytest.raises(SilentError):
            await target.read()
        with pytest.raises(SilentError):
            await target.create_role(31, ROLE, ())


@pytest.mark.parametrize("odd", [{"permissions": str(2**63)}, {"position": 2**40}, {"id": "-1"}])
async def test_numbers_that_no_query_table_holds_are_none_of_discords(
    discord: FakeDiscordRest, odd: dict[str, object]
) -> None:
    guild = discord.guild(GUILD)
    guild.roles[guild.add_role("odd")] |= odd
    async with gateway(discord) as target:
        with pytest.raises(InDoubtError):
            await target.read()

"""Loads into a guild at Discord, in the console: Discord says what is there, and what goes wrong is told."""

import httpx
import pytest

from domain.loads.aggregate import LOAD
from tests.api.console.homes import Home
from tests.api.console.moves import Move
from tests.api.console.test_loads import text_of
from tests.fake_discord_guilds import FakeGuild
from tests.fake_discord_rest import FakeDiscordRest

AT_DISCORD = {"gateway": "discord"}


@pytest.fixture
async def move(home: Home, there: httpx.AsyncClient) -> Move:
    """Return a new guild of the same owner, who looks at it through that server."""
    home.owner.http = there
    made = Move(home)
    await made.open()
    return made


@pytest.fixture
def guild(move: Move, rest: FakeDiscordRest) -> FakeGuild:
    """Return the new guild as Discord has it: with a role of which nobody has told the book."""
    found = rest.guild(move.new, move.owner.account)
    found.add_role("Untold")
    return found


async def test_discord_is_offered_where_there_is_a_token_for_it(move: Move) -> None:
    assert "At Discord" in (await move.owner.get(f"{move.path}/new")).text
    move.owner.http = move.home.world.http
    assert "At Discord" not in (await move.owner.get(f"{move.path}/new")).text
    planned = await move.plan(await move.backup(), **AT_DISCORD)  # by who says so all the same
    assert "Deletes 1 role @Leftover" in text_of(planned)


async def test_what_is_planned_is_what_discord_shows_and_is_done_there(move: Move, guild: FakeGuild) -> None:
    assert guild.roles
    planned = await move.plan(await move.backup(), **AT_DISCORD)
    assert "Deletes 1 role @Untold" in text_of(planned)
    assert "Leftover" not in planned.text
    begun = await move.load(planned)
    assert begun.status_code == 303
    load = await move.home.world.store.peek(LOAD, begun.headers["location"].rpartition("/")[2])
    assert load
    assert (load.asked.gateway, load.target, load.asked.user) == ("discord", move.new, move.owner.account)


async def test_a_plan_that_is_no_longer_so_at_discord_is_shown_again(move: Move, guild: FakeGuild) -> None:
    planned = await move.plan(await move.backup(), **AT_DISCORD)
    guild.add_role("Latecomer")
    again = await move.load(planned)
    assert again.status_code == 409
    assert "Deletes 2 roles" in text_of(again)
    assert "Nothing was ever loaded" in (await move.owner.get(move.path)).text


async def test_who_may_not_do_everything_at_discord_loads_nothing_there(move: Move, guild: FakeGuild) -> None:
    guild.properties["owner_id"] = "7"
    refused = await move.plan(await move.backup(), **AT_DISCORD)
    assert (refused.status_code, "owner or administrator" in refused.text) == (409, True)


async def test_a_guild_that_discord_does_not_show_is_not_loaded_into(move: Move) -> None:
    refused = await move.plan(await move.backup(), **AT_DISCORD)
    assert (refused.status_code, "the bot is not in it" in refused.text) == (409, True)


FAULTS = {
    "500": (502, "Discord could not be reached"),
    "cut": (502, "Discord could not be reached"),
    "429": (503, "Discord asks to be left alone for 90 seconds"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_wrong_with_discord_is_told(
    move: Move, guild: FakeGuild, rest: FakeDiscordRest, fault: str
) -> None:
    status, text = FAULTS[fault]
    backup, rest.retry_after, rest.fault_of = await move.backup(), 90.0, lambda _: fault
    refused = await move.plan(backup, **AT_DISCORD)
    rest.fault_of = lambda _: ""
    assert (refused.status_code, text in refused.text) == (status, True)
    assert "Deletes 1 role @Untold" in text_of(await move.plan(backup, **AT_DISCORD))
    assert guild.roles

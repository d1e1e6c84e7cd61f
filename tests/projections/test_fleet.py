"""What bots said of themselves, and what their tokens are good for, as rows."""

from domain.apps.aggregate import Everywhere
from domain.apps.commands import create_app, create_bot, edit_app, reset_bot_token
from domain.fleet.commands import publish_commands, report_stats
from domain.processes.delete_app import delete_app
from projections.apps.projector import PROJECTOR as APPS
from projections.credentials import BotCredential, bots_of, credentials_of
from projections.fleet.projector import PROJECTOR as FLEET
from projections.fleet.queries import commands_of, stats_of
from projections.rebuild import rebuild
from store.connections import connect
from tests.books import ORIGIN, dump, opened, projecting, shown

BOTH = (APPS, FLEET)
READY = {"status": "Ready", "real_latency": 41, "guilds": 12, "uptime": 60, "total_uptime": 600}
BAN = {"type": 1, "name": "ban \u2028 \\u0041", "options": []}
NUMBER = 310000000000000007


async def test_the_newest_word_of_each_bot_is_shown(database_url: str) -> None:
    async with opened(database_url) as store:
        for guilds in (1, 2):
            for bot in (7, 8):
                report = {"bot": bot, "shards": {"0": READY}, "total_guilds": guilds * bot, "total_users": None}
                await store.execute(ORIGIN, report_stats, **report)
        for commands in ((BAN, BAN), (BAN,)):
            await store.execute(ORIGIN, publish_commands, bot=7, commands=commands)
        async with projecting(database_url), await connect(database_url) as connection:
            await shown(database_url, BOTH)
            stats = await stats_of(connection, 8)
            assert stats
            assert (stats.shards, stats.total_guilds, stats.total_users) == ({"0": READY}, 16, None)
            assert await stats_of(connection, 9) is None
            assert await commands_of(connection, 7) == [BAN]
            assert await commands_of(connection, 8) == []
        rows = dump(database_url, BOTH)
        assert await rebuild(database_url, store.keyring, BOTH) == []
        assert dump(database_url, BOTH) == rows


async def test_bots_are_known_by_what_their_tokens_are_good_for(database_url: str) -> None:
    bot = {"name": "doorman", "token_hash": "ab", "scopes": ("guilds:write",), "guilds": (920,)}
    async with opened(database_url) as store:
        app = (await store.execute(ORIGIN, create_app, name="dashboard", permissions=0, token_hash="x")).value
        await store.execute(ORIGIN, create_bot, app=NUMBER, **bot)
        await store.execute(ORIGIN, create_bot, app=NUMBER + 1, **bot)
        async with projecting(database_url), await connect(database_url) as connection:
            await shown(database_url, BOTH)
            numbers = [app, NUMBER, NUMBER + 1, NUMBER + 2]
            doorman = BotCredential(NUMBER, "doorman", "ab", ["guilds:write"], [920])
            assert await bots_of(connection, numbers[:2]) == {NUMBER: doorman}
            assert set(await bots_of(connection, numbers)) == {NUMBER, NUMBER + 1}
            await store.execute(ORIGIN, reset_bot_token, app=NUMBER, guilds=Everywhere(), scopes=())
            await store.execute(ORIGIN, edit_app, app=NUMBER, name="porter")
            await store.execute(ORIGIN, delete_app, app=NUMBER + 1)
            await shown(database_url, BOTH)
            assert await bots_of(connection, numbers) == {NUMBER: BotCredential(NUMBER, "porter", "ab", [], None)}
            [(_, credential)] = (await credentials_of(connection, [("A", NUMBER)])).items()
            assert credential.token_hash == ""
        rows = dump(database_url, BOTH)
        assert await rebuild(database_url, store.keyring, BOTH) == []
        assert dump(database_url, BOTH) == rows


async def test_a_token_is_dead_before_its_row_shows_it(database_url: str) -> None:
    bot = {"name": "doorman", "token_hash": "ab", "scopes": (), "guilds": None}
    async with opened(database_url) as store:
        await store.execute(ORIGIN, create_bot, app=NUMBER, **bot)
        async with projecting(database_url):
            await shown(database_url, BOTH)
        async with await connect(database_url) as connection:
            assert set(await bots_of(connection, [NUMBER])) == {NUMBER}
            await store.execute(ORIGIN, reset_bot_token, app=NUMBER, token_hash="cd")
            assert await bots_of(connection, [NUMBER]) == {}

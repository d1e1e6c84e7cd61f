"""`guildbook bots`: bots by their Discord ids, and the tokens that let them in on every surface."""

import secrets
import time
from pathlib import Path

import click

from cli.output import print_table
from cli.permissions import read_name
from cli.places import data_option
from domain.apps.aggregate import ALL_SCOPES, BOT_SCOPES, App, Everywhere

DISCORD_EPOCH_MS = 1_420_070_400_000
RANDOM_BITS = 22
SNOWFLAKE = click.IntRange(1, 2**63 - 1)

bot_argument = click.argument("bot", type=SNOWFLAKE, metavar="ID")
scopes_option = click.option(
    "-s", "--scope", "scopes", multiple=True, type=click.Choice(ALL_SCOPES), help="What the token is good for."
)
guilds_option = click.option(
    "-g", "--guild", "guilds", multiple=True, type=SNOWFLAKE, metavar="ID", help="A guild that the token is limited to."
)


@click.group()
def bots() -> None:
    """Bots, by their Discord ids, and their tokens.

    \b
    guildbook bots create my-bot --id 310000000000000007
    """


@bots.command()
@click.argument("name", callback=read_name)
@click.option("--id", "number", type=SNOWFLAKE, metavar="ID", help="Its Discord id; else a new one.")
@scopes_option
@guilds_option
@data_option
def create(name: str, number: int | None, scopes: tuple[str, ...], guilds: tuple[int, ...], data: Path) -> None:
    """Create a bot and print its token, which is shown this once.

    Without --scope it is good for everything but `events:read`, which shows all of the log.

    \b
    guildbook bots create my-bot --id 310000000000000007
    guildbook bots create my-bot --scope guilds:write --guild 920000000000000001
    """
    from api.passwords import hash_password, new_secret
    from cli.books import execute, operate
    from domain.apps.aggregate import AppExistsError
    from domain.apps.commands import create_bot
    from store.event_store import EventStore

    secret = new_secret()
    wishes = {"name": name, "token_hash": hash_password(secret)}
    reach = {"scopes": _in_order(scopes) or BOT_SCOPES, "guilds": _unique(guilds) or None}

    async def made(store: EventStore) -> int:
        while True:
            bot = number or new_snowflake()
            try:
                await execute(store, create_bot, app=bot, **wishes, **reach)
            except AppExistsError:
                if number:
                    raise
            else:
                return bot

    _tell_token(operate(data, made, make=True), secret)


def new_snowflake() -> int:
    """Return an id as Discord makes them: the time, and 22 bits, here random."""
    return (time.time_ns() // 1_000_000 - DISCORD_EPOCH_MS) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def _in_order(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(scope for scope in ALL_SCOPES if scope in scopes)


def _unique(guilds: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(guilds))


def _tell_token(bot: int, secret: str) -> None:
    click.echo(f"Bot: {bot}\nToken: {bot}.{secret}")


@bots.command(name="list")
@data_option
def list_bots(data: Path) -> None:
    """List the bots."""
    from cli.books import all_of, operate
    from domain.apps.aggregate import APP

    apps = sorted(operate(data, lambda store: all_of(store, APP)), key=lambda app: app.id)
    rows = [(str(app.id), app.name, *_reach(app)) for app in apps if app.is_bot()]
    print_table(("BOT", "NAME", "SCOPES", "GUILDS"), rows)


def _reach(app: App) -> tuple[str, str]:
    guilds = "all" if app.guilds is None else ",".join(map(str, app.guilds))
    return ",".join(app.scopes) or "none", guilds


@bots.command()
@bot_argument
@data_option
def view(bot: int, data: Path) -> None:
    """Show a bot. Its token is known to nobody but its owner; `reset-token` makes a new one."""
    app = _found(bot, data)
    scopes, guilds = _reach(app)
    click.echo(f"Bot: {app.id}\nName: {app.name}\nScopes: {scopes}\nGuilds: {guilds}")


def _found(bot: int, data: Path) -> App:
    from cli.books import operate
    from domain.apps.aggregate import APP, NotABotError
    from domain.kernel import UnknownError

    app = operate(data, lambda store: store.peek(APP, bot))
    if app is None:
        raise UnknownError("bots", bot)
    if not app.is_bot():
        raise NotABotError
    return app


@bots.command(name="reset-token")
@bot_argument
@data_option
def reset_token(bot: int, data: Path) -> None:
    """Make a new token, good for the same; the old one lets nobody in from now on.

    \b
    guildbook bots reset-token 310000000000000007
    """
    from api.passwords import hash_password, new_secret
    from cli.books import execute, operate
    from domain.apps.commands import reset_bot_token

    secret = new_secret()
    operate(data, lambda store: execute(store, reset_bot_token, app=bot, token_hash=hash_password(secret)))
    _tell_token(bot, secret)


@bots.command()
@bot_argument
@scopes_option
@guilds_option
@click.option("--everywhere", is_flag=True, help="Limit the token to no guilds any more.")
@click.option("-n", "--name", callback=read_name, help="New name.")
@data_option
def edit(
    bot: int, scopes: tuple[str, ...], guilds: tuple[int, ...], name: str | None, data: Path, *, everywhere: bool
) -> None:
    """Change a bot's name, or what its token is good for; the scopes and the guilds take the place of those before.

    \b
    guildbook bots edit 310000000000000007 --scope guilds:write --scope stats:write
    guildbook bots edit 310000000000000007 --everywhere
    """
    from cli.books import execute, operate
    from domain.apps.commands import edit_app, reset_bot_token
    from domain.kernel import Book

    if everywhere and guilds:
        message = "--everywhere and --guild do not go together."
        raise click.UsageError(message)
    reach = Everywhere() if everywhere else _unique(guilds) or None

    async def change(book: Book) -> None:
        await reset_bot_token(book, app=bot, scopes=_in_order(scopes) or None, guilds=reach)
        await edit_app(book, app=bot, name=name)

    operate(data, lambda store: execute(store, change))


@bots.command()
@bot_argument
@data_option
def delete(bot: int, data: Path) -> None:
    """Delete a bot: its token lets nobody in from now on. What it reported stays.

    \b
    guildbook bots delete 310000000000000007
    """
    from cli.books import execute, operate
    from domain.processes.delete_app import delete_app

    _found(bot, data)
    operate(data, lambda store: execute(store, delete_app, app=bot))

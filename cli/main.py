"""The `guildbook` command: its groups, and how it ends when something goes wrong."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from cli.apps import apps
from cli.backup import backup, restore
from cli.bots import bots
from cli.callbacks import callbacks
from cli.erase import erase
from cli.errors import explain, is_of_the_database
from cli.events import events
from cli.export import export
from cli.health import health
from cli.history import history
from cli.migrate import migrate
from cli.output import tell
from cli.privacy import privacy
from cli.prove import checkpoint, prove, signing_keys
from cli.rebuild import rebuild
from cli.replay import replay
from cli.search import search
from cli.serve import serve
from cli.sessions import sessions
from cli.settings import settings
from cli.signups import signups
from cli.up import up
from cli.users import users
from cli.verify import verify
from cli.work import work

FAILURE, USAGE, OUTAGE, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value:
        click.echo(f"guildbook {_version()}")
        context.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("guildbook")
    except PackageNotFoundError:  # run from a source tree
        return "0+source"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def guildbook() -> None:
    """A book of record for bot-run communities.

    \b
    guildbook up --demo                    everything, with something to try out
    guildbook apps create my-bot --all     credentials for a program
    guildbook bots create my-bot --id ID   the token of a bot, by its Discord id
    guildbook events --follow              what happens, as it happens
    guildbook history STREAM               what became of one entity, and who did it
    guildbook verify                       whether the log is what was recorded
    guildbook backup --to DIR              what is new of it, into files

    Every command takes --data DIR, or GUILDBOOK_DATABASE_URL, and works whether or not the server runs.
    `guildbook settings` lists what else can be set. Exit codes: 1 for what failed or does not fit, 2 for what was asked
    wrongly, 3 when the database cannot be used.
    """


for command in (
    up,
    serve,
    work,
    migrate,
    apps,
    bots,
    callbacks,
    users,
    signups,
    sessions,
    events,
    history,
    search,
    health,
    rebuild,
    replay,
    backup,
    restore,
    verify,
    prove,
    checkpoint,
    signing_keys,
    export,
    settings,
    erase,
    privacy,
):
    guildbook.add_command(command)


def main() -> None:
    """Run the command of this process."""
    signal.signal(signal.SIGTERM, _leave)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: see `guildbook --help`."""
    try:
        return guildbook.main(list(arguments), prog_name="guildbook", standalone_mode=False) or 0
    except click.UsageError as error:
        tell(f"{error.format_message()} See: {error.ctx.command_path if error.ctx else 'guildbook'} --help")
        return USAGE
    except click.ClickException as error:
        tell(error.format_message())
        return FAILURE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough, as in `guildbook events | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        text = explain(error)
        if text is None:
            raise
        tell(text)
        return OUTAGE if is_of_the_database(error) else FAILURE


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End as at an exit, so that a PostgreSQL that we started is stopped."""
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()

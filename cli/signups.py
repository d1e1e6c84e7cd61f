"""`guildbook signups`: whether new accounts are welcome."""

import os
from pathlib import Path

import click

from cli.places import data_option
from schemas.settings import read_settings


@click.group()
def signups() -> None:
    """Whether new accounts are welcome. What is said here outweighs GUILDBOOK_SIGNUPS_OPEN.

    \b
    guildbook signups close
    """


@signups.command(name="open")
@data_option
def open_signups(data: Path) -> None:
    """Let people sign up."""
    _turn(data, is_open=True)


@signups.command(name="close")
@data_option
def close_signups(data: Path) -> None:
    """Let nobody sign up."""
    _turn(data, is_open=False)


@signups.command()
@data_option
def status(data: Path) -> None:
    """Print `open` or `closed`, and who says so."""
    from cli.books import operate
    from domain.accounts.aggregate import SIGNUPS

    recorded = operate(data, lambda store: store.peek(SIGNUPS, "signups"))
    if recorded is None:
        click.echo(f"{_word(is_open=read_settings(os.environ).signups_open)} (by the setting)")
    else:
        click.echo(f"{_word(is_open=recorded)} (by the book)")


def _turn(data: Path, *, is_open: bool) -> None:
    from cli.books import execute, operate
    from domain.accounts.commands import turn_signups

    operate(data, lambda store: execute(store, turn_signups, is_open=is_open))


def _word(*, is_open: bool) -> str:
    return "open" if is_open else "closed"

"""`guildbook users`: what only the operator may do to an account."""

from pathlib import Path

import click

from cli.places import data_option


@click.group()
def users() -> None:
    """What only the operator may do to an account.

    \b
    guildbook users superuser 204778476102877187
    """


@users.command()
@click.argument("account", type=click.IntRange(1, 2**63 - 1), metavar="ID")
@data_option
def superuser(account: int, data: Path) -> None:
    """Give an account every permission that an account can have.

    \b
    guildbook users superuser 204778476102877187
    """
    from cli.books import execute, operate
    from domain.accounts.commands import make_superuser

    operate(data, lambda store: execute(store, make_superuser, account=account))

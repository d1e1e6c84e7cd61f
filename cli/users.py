"""`guildbook users`: what only the operator may do to an account."""

from pathlib import Path

import click

from cli.places import data_option

REASON_CHARACTERS_MAX = 512

account_argument = click.argument("account", type=click.IntRange(1, 2**63 - 1), metavar="ID")


def _read_reason(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None or (1 <= len(text) <= REASON_CHARACTERS_MAX and text.isprintable()):
        return text
    message = f"a reason is 1 to {REASON_CHARACTERS_MAX} printable characters."
    raise click.BadParameter(message)


@click.group()
def users() -> None:
    """What only the operator may do to an account.

    \b
    guildbook users superuser 204778476102877187
    guildbook users ban 204778476102877187 --reason "sells accounts"
    """


@users.command()
@account_argument
@data_option
def superuser(account: int, data: Path) -> None:
    """Give an account every permission that an account can have.

    \b
    guildbook users superuser 204778476102877187
    """
    from cli.books import execute, operate
    from domain.accounts.commands import make_superuser

    operate(data, lambda store: execute(store, make_superuser, account=account))


@users.command()
@account_argument
@click.option("--reason", callback=_read_reason, help="Why, for other operators; it is sealed.")
@data_option
def ban(account: int, reason: str | None, data: Path) -> None:
    """Shut an account out of the AntiRaid API, whatever sessions it has; `unban` lets it in again.

    \b
    guildbook users ban 204778476102877187 --reason "sells accounts"
    """
    from cli.books import execute, operate
    from domain.accounts.commands import ban_account

    operate(data, lambda store: execute(store, ban_account, account=account, reason=reason))


@users.command()
@account_argument
@data_option
def unban(account: int, data: Path) -> None:
    """Let an account in again.

    \b
    guildbook users unban 204778476102877187
    """
    from cli.books import execute, operate
    from domain.accounts.commands import unban_account

    operate(data, lambda store: execute(store, unban_account, account=account))

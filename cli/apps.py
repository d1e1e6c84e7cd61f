"""`guildbook apps`: credentials for programs."""

from pathlib import Path

import click

from cli.output import print_table
from cli.permissions import AppNumber, listed, read_name, read_permissions
from cli.places import data_option
from domain.permissions import APP_BITS

app_argument = click.argument("app", type=AppNumber(), metavar="ID")
grant_option = click.option(
    "-g", "--grant", metavar="PERM,PERM", default="", callback=read_permissions, help="Permissions to give."
)


@click.group()
def apps() -> None:
    """Credentials for programs: bots, dashboards, scripts.

    \b
    guildbook apps create my-bot -g manage-teams,manage-awards
    """


@apps.command()
@click.argument("name", callback=read_name)
@grant_option
@click.option("--all", "everything", is_flag=True, help="Give every permission that an app can have.")
@data_option
def create(name: str, grant: int, data: Path, *, everything: bool) -> None:
    """Create an app and print its username and password. The password is shown this once.

    \b
    guildbook apps create my-bot --all
    guildbook apps create my-bot -g manage-teams,manage-awards
    """
    from api.passwords import hash_password, new_password
    from cli.books import execute, operate
    from domain.apps.commands import create_app

    password = new_password()
    permissions = APP_BITS if everything else grant
    wishes = {"name": name, "permissions": permissions, "token_hash": hash_password(password)}
    app = operate(data, lambda store: execute(store, create_app, **wishes), make=True)
    click.echo(f"Username: A{app}\nPassword: {password}\nPermissions: {listed(permissions)}")


@apps.command(name="list")
@data_option
def list_apps(data: Path) -> None:
    """List the apps."""
    from cli.books import all_of, operate
    from domain.apps.aggregate import APP

    found = sorted(operate(data, lambda store: all_of(store, APP)), key=lambda app: app.id)
    rows = [(f"A{app.id}", app.name, listed(app.permissions)) for app in found]
    print_table(("USERNAME", "NAME", "PERMISSIONS"), rows)


@apps.command()
@app_argument
@data_option
def view(app: int, data: Path) -> None:
    """Show an app. Its password is known to nobody but its owner; `edit -t` makes a new one."""
    from cli.books import operate
    from domain.apps.aggregate import APP
    from domain.kernel import UnknownError

    state = operate(data, lambda store: store.peek(APP, app))
    if state is None:
        raise UnknownError(APP.context, app)
    click.echo(f"Username: A{app}\nName: {state.name}\nPermissions: {listed(state.permissions)}")


@apps.command()
@app_argument
@click.option("-t", "--token", is_flag=True, help="Make a new password; the old one lets nobody in any more.")
@grant_option
@click.option("-r", "--revoke", metavar="PERM,PERM", default="", callback=read_permissions, help="Permissions to take.")
@click.option("-n", "--name", callback=read_name, help="New name.")
@data_option
def edit(app: int, grant: int, revoke: int, name: str | None, data: Path, *, token: bool) -> None:
    """Change an app. What is both given and taken is taken.

    \b
    guildbook apps edit A1 -g manage-awards -r manage-teams -n new-name
    guildbook apps edit A1 -t
    """
    from api.passwords import hash_password, new_password
    from cli.books import execute, operate
    from domain.apps.commands import edit_app, reset_token
    from domain.kernel import Book

    password = new_password()

    async def change(book: Book) -> None:
        await edit_app(book, app=app, name=name, grant=grant, revoke=revoke)
        if token:
            await reset_token(book, app=app, token_hash=hash_password(password))

    operate(data, lambda store: execute(store, change))
    if token:
        click.echo(f"Username: A{app}\nPassword: {password}")


@apps.command()
@app_argument
@data_option
def delete(app: int, data: Path) -> None:
    """Delete an app together with its callbacks.

    \b
    guildbook apps delete A1
    """
    from cli.books import execute, operate
    from domain.processes.delete_app import delete_app

    operate(data, lambda store: execute(store, delete_app, app=app))

"""Where the book is: a database URL, or a data folder with an embedded PostgreSQL, and the key that opens it."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from cli.output import tell
from schemas.settings import Settings, read_settings

DATA = Path(".guildbook")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GUILDBOOK_DATA",
    default=DATA,
    show_default=True,
    help="Folder of the book; its database is elsewhere when GUILDBOOK_DATABASE_URL is set.",
)


class Place(NamedTuple):
    """A book that can be worked with: migrated, and with its master key at hand."""

    settings: Settings
    url: str
    master_key: bytes
    applied: list[str]  # migrations, just now
    revive: Callable[[], object] = lambda: None  # starts the embedded PostgreSQL again if it died


@contextmanager
def opened(data: Path, *, make: bool = False) -> Generator[Place]:
    """Reach the book, migrated, for as long as the block lasts; `make`: a folder without one gets one."""
    settings = read_settings(os.environ)
    if settings.database_url:
        yield _prepare(settings, settings.database_url, data)
        return
    if not make and not (data / "postgres").exists():
        message = f"there is no book in {data}: start one with `guildbook up --data {data}`"
        raise click.ClickException(message)
    from store.embedded import attach

    make_folder(data)
    postgres = attach(data, on_progress=tell)
    try:
        yield _prepare(settings, postgres.url, data)._replace(revive=lambda: postgres.revive(on_progress=tell))
    finally:
        postgres.detach()


def _prepare(settings: Settings, url: str, data: Path) -> Place:
    from store.connections import check_url
    from store.keys import check_master_key, load_master_key
    from store.migrate import migrate

    check_url(url)
    applied = migrate(url)
    # Who names the database need not have a folder: the key is then a setting.
    master_key = load_master_key(data if data.is_dir() else None, settings.master_key)
    check_master_key(url, master_key)
    return Place(settings, url, master_key, applied)


def make_folder(data: Path) -> Path:
    """Make the data folder; root's lets the user pass whom PostgreSQL runs as."""
    data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return data


def hand_down(place: Place, data: Path) -> None:
    """Tell the processes that this one starts which book it is."""
    os.environ["GUILDBOOK_DATABASE_URL"] = place.url
    if data.is_dir():
        os.environ["GUILDBOOK_DATA"] = str(data.resolve())

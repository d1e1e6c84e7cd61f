"""`guildbook up`: everything on one machine."""

import fcntl
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import click

from cli.addresses import Address, free_address, host_option, port_option
from cli.output import tell
from cli.places import Place, data_option, hand_down, make_folder, opened
from cli.stopping import stop_on_signals
from cli.supervision import Supervised, stop_all
from cli.work import refuse_unknown_witnesses, roles_where
from schemas.settings import PREFIX, read_settings

SOURCES = Path(__file__).parent.parent
INBOX_API = f"{PREFIX}INBOX_API_URL"
LOOK_SECONDS = 1.0  # how soon an embedded PostgreSQL that died is started again


@click.command()
@host_option
@port_option
@data_option
@click.option("--demo", is_flag=True, envvar="GUILDBOOK_DEMO", help="Add demo data and a small identity provider.")
def up(host: str | None, port: int | None, data: Path, *, demo: bool) -> None:
    """Run everything: the API and the workers, and an embedded PostgreSQL unless GUILDBOOK_DATABASE_URL is set.

    \b
    guildbook up --demo
    . .guildbook/demo.env; curl -u "$GUILDBOOK_APP" http://127.0.0.1:8080/auth/me

    Ctrl-C or SIGTERM stops all of it. What dies meanwhile is started again.
    """
    stopping = stop_on_signals()
    with _alone(make_folder(data)):
        address = free_address(read_settings(os.environ), host, port)
        if demo:
            _provide_identities(address)
        with opened(data, make=True) as place:
            refuse_unknown_witnesses(place)
            if stopping.is_set():
                return
            if demo:
                from cli.demo import fill

                fill(place, data)
            hand_down(place, data)
            os.environ[INBOX_API] = os.environ.get(INBOX_API) or address.url()
            _run(place, address, stopping)


@contextmanager
def _alone(data: Path) -> Generator[None]:
    lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"another `guildbook up` runs on {data}: stop it first, or choose another folder with --data"
        raise click.ClickException(message) from error
    finally:
        os.close(lock)


def _provide_identities(address: Address) -> None:
    from api.demo_world import settings_at

    os.environ["GUILDBOOK_DEMO"] = "1"
    for name, value in settings_at(address.url()).items():
        os.environ.setdefault(name, value)
    provider = os.environ["GUILDBOOK_DISCORD_API_URL"]
    tell(f"demo: {provider} says who somebody is; built in, it takes the token demo-NAME for NAME's")


def _run(place: Place, address: Address, stopping: Event) -> None:
    from cli.serving import serve_api

    workers = _workers(place)
    keeper = Thread(target=_keep_alive, args=(place.revive, stopping), name="keeper of PostgreSQL")
    for process in workers:
        process.start()
    keeper.start()
    try:
        serve_api(address, stopping)
    finally:
        tell("stopping")
        stopping.set()
        stop_all(workers)
        keeper.join()


def _workers(place: Place) -> list[Supervised]:
    """Return the processes behind the API: Kafka's relay computes much, so it has one of its own."""
    roles = roles_where(place)
    together = [role for role in roles if role != "relay"]
    workers = [Supervised("the workers", _command("work", "--lifeline", *together))]
    if "relay" in roles:
        workers.append(Supervised("the relay", _command("work", "--lifeline", "relay")))
    return workers


def _command(*arguments: str) -> list[str]:
    """Return this very `guildbook`, whatever is called `cli` in the folder that it was called in."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SOURCES), os.environ.get("PYTHONPATH"))))
    return [sys.executable, "-P", "-m", "cli.main", *arguments]


def _keep_alive(revive: Callable[[], object], stopping: Event) -> None:
    while not stopping.wait(LOOK_SECONDS):
        try:
            revive()
        except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a second
            tell(f"PostgreSQL does not start: {error}")

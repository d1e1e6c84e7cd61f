"""Serving the API over HTTP: granian's main process here, its worker beside it, and word when it is ready."""

import http.client
import multiprocessing
import time
from contextlib import closing, suppress
from threading import Event, Thread
from typing import Any

import click
import msgspec
from granian import Granian  # pyright: ignore[reportPrivateImportUsage] - it is what its documentation names
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from cli.addresses import Address
from cli.json_lines import library_logs
from cli.lifeline import end_with_parent
from cli.output import tell
from cli.stopping import on_stop_signals

ASK_SECONDS_MAX = 2.0
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 10.0  # between two words about a start that takes long
CATCH_UP_SECONDS_MAX = 2.0
RESTART_SECONDS = 1.0
STOP_SECONDS_MAX = 2  # for requests under way


class Answer(msgspec.Struct, frozen=True):
    """What /health/ready says, as far as it is of interest here."""

    class Reader(msgspec.Struct, frozen=True):
        """How far one reader is behind."""

        lag: int

    ready: bool
    readers: dict[str, Reader]
    reason: str | None = None


def serve_api(address: Address, stopping: Event) -> None:
    """Serve until `stopping` is set; a server that gives up after it has worked is started anew."""
    answered = Event()
    Thread(target=_announce, args=(address, stopping, answered), daemon=True, name="announcer").start()
    multiprocessing.set_start_method("spawn", force=True)  # a fork would carry our threads' locks and our memory
    while not stopping.is_set():
        _serve_once(address, stopping)
        if stopping.is_set():
            return
        if not answered.is_set():
            raise click.ClickException("the API did not start; the log above says why")
        tell(f"the API ended; starting it again in {RESTART_SECONDS} s")
        stopping.wait(RESTART_SECONDS)


def _serve_once(address: Address, stopping: Event) -> None:
    server = Granian(
        "api.app:from_environment",
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS_MAX,
        log_level=LogLevels.warning,
        log_dictconfig=library_logs("api"),
    )

    def stop() -> None:
        stopping.set()
        server.signal_handler_interrupt()

    def take_signals_back() -> None:
        on_stop_signals(stop)
        if stopping.is_set():  # asked while granian held the signals
            stop()

    server.on_startup(take_signals_back)
    with suppress(SystemExit):
        server.serve(target_loader=load_application, wrap_loader=False)


def load_application() -> Any:  # noqa: ANN401 - granian takes any ASGI application
    """Make the application in granian's worker.

    By import and not by name: granian looks for a name in the folder that the command was called in, first.
    """
    end_with_parent()
    from api.app import from_environment

    return from_environment()


def _announce(address: Address, stopping: Event, answered: Event) -> None:
    """Print the ready line once everything is, and why it is not when that takes long."""
    began = told = time.monotonic()
    while not stopping.wait(POLL_SECONDS):
        answer = _ask(address)
        now = time.monotonic()
        if answer:
            answered.set()
            if _is_ready(answer, now - began):
                click.echo(f"guildbook: ready on {address.url()}")
                return
        if now - told > PATIENCE_SECONDS:
            told = now
            tell(f"not ready yet: {answer.reason if answer else 'the API does not answer.'}")


def _is_ready(answer: Answer, seconds: float) -> bool:
    caught_up = not any(reader.lag for reader in answer.readers.values())
    return answer.ready and (caught_up or seconds > CATCH_UP_SECONDS_MAX)  # under load there is always something new


def _ask(address: Address) -> Answer | None:
    connection = http.client.HTTPConnection(address.host_from_here(), address.port, timeout=ASK_SECONDS_MAX)
    try:
        with closing(connection):
            connection.request("GET", "/health/ready")
            return msgspec.json.decode(connection.getresponse().read(), type=Answer)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None

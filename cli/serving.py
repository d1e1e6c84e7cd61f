"""Serving the API over HTTP: granian's main process here, and its worker beside it."""

import multiprocessing
from multiprocessing import resource_tracker
from threading import Event, Thread
from typing import Any

import click
from granian import Granian  # pyright: ignore[reportPrivateImportUsage] - it is what its documentation names
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from cli.addresses import Address
from cli.announcing import announce
from cli.farewell import between
from cli.json_lines import library_logs
from cli.keepalive import notice_the_vanished
from cli.lean import without_rich
from cli.lifeline import end_with_parent
from cli.output import tell
from cli.stopping import on_stop_signals

RESTART_SECONDS = 1.0
STOP_SECONDS_MAX = 2  # for requests under way


def serve_api(address: Address, stopping: Event) -> None:
    """Serve until `stopping` is set; a server that gives up after it has worked is started anew."""
    answered = Event()
    Thread(target=announce, args=(address, stopping, answered), daemon=True, name="announcer").start()
    multiprocessing.set_start_method("spawn", force=True)  # a fork would carry our threads' locks and our memory
    try:
        while not stopping.is_set():
            _serve_once(address, stopping)
            _consider(stopping, answered)
    finally:
        _end_resource_tracker()


def _consider(stopping: Event, answered: Event) -> None:
    """Pause before another try, where there is hope."""
    if stopping.is_set():
        return
    if not answered.is_set():
        message = "the API did not start; the log above says why"
        raise click.ClickException(message)
    tell(f"the API ended; starting it again in {RESTART_SECONDS} s")
    stopping.wait(RESTART_SECONDS)


def _end_resource_tracker() -> None:
    """End the process that multiprocessing starts beside a spawned one; left alone, it outlives us by a moment."""
    resource_tracker._resource_tracker._stop()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportAttributeAccessIssue]


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
        server.signal_handler_interrupt()  # pyright: ignore[reportUnknownMemberType]

    def take_signals_back() -> None:
        on_stop_signals(stop)
        if stopping.is_set():  # asked while granian held the signals
            stop()

    server.on_startup(take_signals_back)
    try:
        server.serve(target_loader=load_application, wrap_loader=False)
    except SystemExit:  # a worker failed, and granian has given up on it
        return
    except RuntimeError as error:  # of granian's own half, with a stack of it below the first line
        reason = str(error).splitlines()[0]
        message = f"the API cannot listen on {address.host}:{address.port}: {reason}"
        raise click.ClickException(message) from error


def load_application() -> Any:  # noqa: ANN401 - granian takes any ASGI application
    """Make the application in granian's worker.

    By import and not by name: granian looks for a name in the folder that the command was called in, first.
    """
    end_with_parent()
    without_rich()
    from api.app import from_environment

    app = from_environment()
    between(notice_the_vanished, app.say_farewell)
    return app

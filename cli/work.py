"""`guildbook work`: what runs behind the API."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from cli.json_lines import setup_library_logs
from cli.lean import without_rich
from cli.lifeline import end_with_standard_input
from cli.output import tell
from cli.places import Place, data_option, opened
from schemas.settings import PREFIX

ROLES = ("projector", "callbacks", "loader", "notary", "eraser", "relay", "inbox")
OF_KAFKA = ("relay", "inbox")  # these are run only where there is one
CANCEL_AGAIN_SECONDS = 3.0
CONNECTIONS_MAX = 2  # for the keys of sealed fields; every worker has connections of its own besides


@click.command()
@click.argument("roles", metavar=f"[{'|'.join(ROLES)}]...", nargs=-1, type=click.Choice(ROLES))
@data_option
@click.option("--lifeline", is_flag=True, hidden=True, help="End when standard input does.")
def work(roles: Sequence[str], data: Path, *, lifeline: bool) -> None:
    """Run workers, all of them unless some are named. Of several of a kind one acts, the others stand by.

    \b
    GUILDBOOK_DATABASE_URL=postgresql://guildbook@db/guildbook guildbook work callbacks
    """
    without_rich()
    from store.logs import setup_logs

    if lifeline:
        end_with_standard_input()
    with opened(data, make=True) as place:
        _refuse_without_kafka(place, roles)
        refuse_unknown_witnesses(place)
        setup_logs(place.settings.log_level, "workers")
        setup_library_logs("workers")
        _run(_work(place, dict.fromkeys(roles or roles_where(place))))


def roles_where(place: Place) -> list[str]:
    """Return all roles that there is work for."""
    return [role for role in ROLES if place.settings.kafka or role not in OF_KAFKA]


def _refuse_without_kafka(place: Place, roles: Sequence[str]) -> None:
    for role in roles:
        if role in OF_KAFKA and not place.settings.kafka:
            raise click.ClickException(f"{role} needs GUILDBOOK_KAFKA, the servers of a Kafka")


def refuse_unknown_witnesses(place: Place) -> None:
    """Refuse witnesses whose keys are none: found later, they would end all workers again and again."""
    from store.notes import NoteError, read_key

    try:
        for _, key in place.settings.witnesses():
            read_key(key)
    except NoteError as error:
        message = f"{PREFIX}CHECKPOINT_WITNESSES: {error}"
        raise click.ClickException(message) from error


def _run(main: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(main)
        return
    import uvloop

    uvloop.run(main)


async def _work(place: Place, roles: Iterable[str]) -> None:
    """Run the workers until a signal; whatever ends one of them ends all."""
    from cli.heartbeat import beat
    from store.connections import pool
    from store.keys import Keyring
    from store.memory import collect_seldom
    from store.signals import tell_of_erasures

    async with pool(place.url, CONNECTIONS_MAX) as connections:
        keyring = Keyring(connections, place.master_key)
        jobs = [_told_to_stop(), tell_of_erasures(place.url, keyring.forget)]
        jobs += [_worker(role, place, keyring) for role in roles]
        if place.settings.heartbeat:
            jobs.append(beat(Path(place.settings.heartbeat), connections))
        tasks = [asyncio.create_task(job) for job in jobs]
        collect_seldom()
        tell(f"working: {', '.join(roles)}")
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await _end(others)
    for task in done:
        task.result()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: before Python 3.12 a connection's pool may lose a cancellation."""
    while tasks:
        for task in tasks:
            task.cancel()
        ended, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN_SECONDS)
        await asyncio.gather(*ended, return_exceptions=True)


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def _worker(role: str, place: Place, keyring: Any) -> None:  # noqa: ANN401
    if role == "projector":
        from projections.catalogue import PROJECTORS
        from workers.callbacks.feed import CallbackFeed
        from workers.indexer import Indexer
        from workers.projector import ProjectorWorker

        feed = CallbackFeed(place.settings.event_source)
        async with asyncio.TaskGroup() as both:
            both.create_task(ProjectorWorker(place.url, keyring, PROJECTORS, feed, _source(place)).run())
            both.create_task(Indexer(place.url).run())
    elif role == "callbacks":
        from workers.callbacks.fanout import CallbackFanout
        from workers.callbacks.sender import CallbackSender

        async with asyncio.TaskGroup() as both:
            both.create_task(CallbackFanout(place.url, place.settings, _source(place)).run())
            both.create_task(CallbackSender(place.url, keyring, place.settings).run())
    elif role == "notary":
        from workers.notary.notary import Notary
        from workers.notary.witnesses import Witnesses

        async with asyncio.TaskGroup() as both:
            both.create_task(Notary(place.url, place.master_key, place.settings).run())
            both.create_task(Witnesses(place.url, place.settings).run())
    elif role == "eraser":
        from workers.eraser import Eraser

        await Eraser(place.url, keyring).run()
    elif role == "relay":
        from workers.kafka.relay import Relay

        await Relay(place.url, place.settings).run()
    elif role == "inbox":
        from workers.kafka.inbox import Inbox

        await Inbox(place.settings).run()
    else:
        from workers.loader.worker import LoaderWorker

        await LoaderWorker(place.url, keyring, place.settings).run()


def _source(place: Place) -> Any:  # noqa: ANN401 - it opens what readers of the log read
    if not place.settings.is_fed_by_kafka():
        from store.source import from_log

        return from_log
    from workers.kafka.source import from_kafka

    return partial(from_kafka, place.settings)

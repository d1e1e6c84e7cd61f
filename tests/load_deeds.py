"""Random deeds of those who back guilds up and load them elsewhere; part of the deeds of a busy community."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from domain.backups.commands import delete_backup
from domain.guilds.aggregate import Ban, Channel, Guild, Role
from domain.loads.commands import cancel_load, report_done, report_mappings, report_status
from domain.loads.events import Pair
from domain.processes.publish_template import publish_template
from domain.processes.snapshot import Snapshot
from domain.processes.start_load import LoadAsk, start_load
from domain.processes.take_backup import take_backup
from domain.templates.commands import attach_bot, detach_bot, withdraw_template

Deed = tuple[Callable[..., Awaitable[Any]], dict[str, Any]]

GUILDS, OWNER, BOT = (920, 921), 310, 900
COMMANDS = {
    *(take_backup, delete_backup, publish_template, withdraw_template, attach_bot, detach_bot),
    *(start_load, report_status, report_mappings, report_done, cancel_load),
}


def load_deeds(random: Random, text: str, number: int) -> list[Deed]:
    """Return one deed of each kind, of backups, templates and loads whose ids end with about this number."""
    guild, load = random.choice(GUILDS), f"ld_{number}"
    snapshot = _snapshot(guild, random.randrange(4))
    told = {"load": load, "bot": BOT}
    ids = tuple(Pair(str(old), str(random.randrange(500, 540))) for old in random.sample(range(20), 4))
    gone = tuple(str(new) for new in random.sample(range(500, 540), 3))
    taken = {"snapshot": snapshot, "at": 1, "user": OWNER, "name": text}
    outcome = random.choice(["success", "failed", "cancelled"])
    return [
        (take_backup, {"backup": f"b{number}", **taken}),
        (delete_backup, {"backup": f"b{number}", "user": OWNER}),
        (publish_template, {"template": f"T{number}", **taken}),
        (withdraw_template, {"template": f"T{number}", "user": OWNER}),
        *((attach_bot, {"template": f"T{number}", "bot": BOT + n}) for n in range(2)),
        (detach_bot, {"template": f"T{number}", "bot": BOT}),
        *((start_load, {"asked": _ask(random, load, number)}) for _ in range(3)),
        (report_status, {**told, "status": text[:100], "progress": random.random()}),
        *((report_mappings, {**told, "pairs": ids, "deleted": gone}) for _ in range(5)),
        *((report_done, {**told, "outcome": outcome}) for _ in range(2)),
        (cancel_load, {"load": load}),
    ]


def _snapshot(guild: int, count: int) -> Snapshot:
    return Snapshot(
        guild=Guild(id=guild, name="Azores", owner=OWNER),
        roles=tuple(Role(id=guild + n, name="role") for n in range(count)),
        channels=tuple(Channel(id=guild + 50 + n, kind=0, name="channel") for n in range(count)),
        bans=tuple(Ban(n) for n in range(count)),
    )


def _ask(random: Random, load: str, number: int) -> LoadAsk:
    is_backup = random.random() < 0.5
    return LoadAsk(
        load=load,
        kind="external",
        type="backup" if is_backup else "template",
        backup=f"b{number}" if is_backup else None,
        template=None if is_backup else f"T{number}",
        source=random.choice((7100, 920)),
        target=random.choice((*GUILDS, 7300 + number % 8)),
        user=OWNER,
        bot=BOT,
        reported_by=BOT,
    )

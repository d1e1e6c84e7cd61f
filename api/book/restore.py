"""Restores the settings of a guild in another, where loads have given new ids to all that they name; and undoes it."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from litestar import Response

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import InvalidError, ProblemError, answer
from api.book.forms import Faults, read_object, read_snowflake, snowflake_in_path
from api.book.routes import post
from api.book.strict import read_fields
from api.executing import GuildWithoutBotError, offered
from api.parts import Asked, Parts, parts_of
from api.restoring import MappingUnknownError, Origin, ReadsBehindError, restoring_of, settings_in
from api.templates import Offered
from api.writing import record, shown
from domain.backups.aggregate import BACKUP, Backup
from domain.guilds.aggregate import GUILD
from domain.kernel import UnknownError
from domain.processes.require_restore import require_rest
from domain.processes.restore_settings import Restoring
from domain.processes.undo_restore import Undoing
from domain.settings.restored import RowRestored
from schemas.book import BIGINT_MAX, Fault
from schemas.restore import (
    ColumnChanged,
    RestoredRow,
    RestoredSetting,
    RestoreReport,
    RestoreRequest,
    RestoreTotals,
    RestoreUndo,
    RestoreUndoReport,
    UndoTotals,
    UnmappedValue,
)
from store import restoring
from store.event_store import Outcome
from store.restoring import Report

SCOPES = {"bot_scope": "settings:restore", "session_scope": "settings:write"}
ANYBODYS = ("bot", "session")
BACKUP_ID = re.compile(r"[0-9a-z]{1,32}", re.ASCII)
RESTORE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@post(
    "/book/guilds/{target:str}/settings/restore",
    summary="Restore settings after a load",
    body=RestoreRequest,
    answers={200: RestoreReport},
    credentials=ANYBODYS,
)
async def restore(request: Asked) -> Response[bytes]:
    """Copy rows of another guild, or of a backup, with every id in them rewritten; what is so already stays."""
    target = snowflake_in_path(request, "target")
    caller = await session_or_bot_of(request, **SCOPES, guild=target)
    wanted = _read(await read_object(request), RestoreRequest)
    user, parts = _user(caller, wanted["user_id"]), parts_of(request)
    await _require_target(parts, target)
    origin = await _origin(parts, wanted)
    if isinstance(caller, Bot) and not caller.reaches(origin.guild):
        raise ProblemError(403, f"This token is not for guild {origin.guild}.")
    settings = settings_in(await _offered(parts, target, caller, wanted["templates"]))
    wish = await _wish(parts, caller, origin, target, user=user, overwrites=wanted["on_conflict"] == "overwrite")
    report = await restoring.restore(
        parts.store, partial(record, request, caller.actor), wish, settings, is_dry=wanted["dry_run"]
    )
    return answer(200, _told(wish, report), await _headers(request, report))


def _read(body: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    faults = Faults()
    wanted = read_fields(faults, body, shape)
    faults.check()
    return wanted


def _user(caller: Bot | Person, named: int | None) -> int | None:
    """Return whose rights count: a bot may act for a user. Errors: InvalidError."""
    if isinstance(caller, Bot):
        return named
    if named not in (None, caller.account):
        raise InvalidError([Fault("/user_id", "only a bot acts for others")])
    return caller.account


async def _require_target(parts: Parts, target: int) -> None:
    """Refuse a target that is not there or not at rest. Errors: UnknownError, LoadRunningError."""
    if await parts.store.peek(GUILD, target) is None:
        raise UnknownError(GUILD.context, target)
    await parts.store.preview(require_rest, target)


async def _origin(parts: Parts, wanted: dict[str, Any]) -> Origin:
    """Return where the rows come from: from the backup if it is known. Errors: InvalidError, ProblemError."""
    source, backup = wanted["source"], wanted["backup"]
    if source is None and backup is None:
        raise InvalidError([Fault("", "either source or backup must be there")])
    found = await _backup(parts, backup)
    if found is not None:
        return Origin(found.guild, found.at, found.id)
    guild = None if source is None else read_snowflake(source)
    if guild is not None and guild <= BIGINT_MAX:
        return Origin(guild, await parts.head())
    if backup is not None:
        raise ProblemError(404, f"There is no backup {backup}.")
    if guild is not None:
        raise ProblemError(404, f"There is no guild {guild}.")
    raise InvalidError([Fault("/source", "must be an id: 1 to 20 digits")])


async def _backup(parts: Parts, named: str | None) -> Backup | None:
    """Return a backup by its id in any case."""
    if named is None or not BACKUP_ID.fullmatch(named.lower()):
        return None
    return (await parts.store.load(BACKUP, BACKUP.stream(named.lower()))).state


async def _offered(parts: Parts, target: int, caller: Bot | Person, names: Sequence[str] | None) -> list[Offered]:
    """Return the templates that are to be restored; a bot's own if it is a bot that asks.

    Errors: InvalidError, ProblemError.
    """
    try:
        found = await offered(parts, target)
    except GuildWithoutBotError:
        found = []
    by_name = {it.name: it for it in found}
    faults = Faults()
    for place, name in enumerate(names or ()):
        if name not in by_name:
            faults.add("is not offered in the target", "templates", place)
        elif not _is_its_own(parts, caller, by_name[name]):
            raise ProblemError(403, f"The template {name} belongs to another bot.")
    faults.check()
    return [it for it in found if (names is None or it.name in names) and _is_its_own(parts, caller, it)]


def _is_its_own(parts: Parts, caller: Bot | Person, template: Offered) -> bool:
    owner = parts.settings.antiraid_client_id if template.owner is None else template.owner
    return isinstance(caller, Person) or caller.app == owner


async def _wish(
    parts: Parts, caller: Bot | Person, origin: Origin, target: int, *, user: int | None, overwrites: bool
) -> Restoring:
    """Return the restore with the mapping as it is now. Errors: ProblemError."""
    try:
        return await restoring_of(parts, origin, target, actor=caller.actor, user=user, overwrites=overwrites)
    except MappingUnknownError as error:
        text = f"Nothing was ever loaded from guild {origin.guild} into guild {target}."
        raise ProblemError(404, text) from error
    except ReadsBehindError as error:
        raise ProblemError(503, str(error), {"Retry-After": "1"}) from error


def _told(wish: Restoring, report: Report) -> RestoreReport:
    counts = _counts(report)
    return RestoreReport(
        restore_id=wish.id,
        source_id=str(wish.source),
        target_id=str(wish.target),
        backup_id=wish.backup,
        dry_run=report.position is None,
        mapping_position=wish.mapping,
        position=report.position,
        totals=RestoreTotals(counts["create"], counts["update"], counts["unchanged"], counts["skip"]),
        settings=_shown(report),
    )


def _counts(report: Report) -> Counter[str]:
    return Counter(row.action for setting in report.settings for row in setting.rows)


def _shown(report: Report) -> tuple[RestoredSetting, ...]:
    return tuple(RestoredSetting(it.template, it.setting, tuple(map(_row, it.rows))) for it in report.settings)


def _row(row: RowRestored) -> RestoredRow:
    return RestoredRow(
        key=row.key,
        action=row.action,
        changes=tuple(ColumnChanged(it.column, it.before, it.after) for it in row.changes),
        unmapped=tuple(UnmappedValue(it.column, it.kind, it.value, it.kept) for it in row.unmapped),
        error=row.refusal.wire() if row.refusal else None,
        reason=row.refusal.text if row.refusal else None,
    )


async def _headers(request: Asked, report: Report) -> dict[str, str] | None:
    """Wait until reads show what was written, and say where it is."""
    if report.position is None:
        return None
    return (await shown(request, Outcome(None, report.position))).headers()


@post(
    "/book/guilds/{target:str}/settings/restore/undo",
    summary="Undo a restore of settings",
    body=RestoreUndo,
    answers={200: RestoreUndoReport},
    credentials=ANYBODYS,
)
async def undo(request: Asked) -> Response[bytes]:
    """Bring every row that the restore wrote back to what it was before, unless it was changed since."""
    target = snowflake_in_path(request, "target")
    caller = await session_or_bot_of(request, **SCOPES, guild=target)
    wanted, parts = _read(await read_object(request), RestoreUndo), parts_of(request)
    if not RESTORE_ID.fullmatch(wanted["restore_id"].lower()):
        raise InvalidError([Fault("/restore_id", "must be the restore_id of a restore")])
    wish = Undoing(
        id=str(uuid.uuid4()),
        undone=wanted["restore_id"].lower(),
        guild=target,
        actor=caller.actor,
        user=_user(caller, wanted["user_id"]),
        now=datetime.now(UTC),
        primary_bot=parts.settings.antiraid_client_id or None,
    )
    report = await restoring.undo(parts.store, partial(record, request, caller.actor), wish, is_dry=wanted["dry_run"])
    return answer(200, _told_undone(wish, report), await _headers(request, report))


def _told_undone(wish: Undoing, report: Report) -> RestoreUndoReport:
    counts = _counts(report)
    kept = (counts["create"], counts["update"], counts["unchanged"], counts["skip"])
    return RestoreUndoReport(
        restore_id=wish.id,
        undone_id=wish.undone,
        target_id=str(wish.guild),
        dry_run=report.position is None,
        position=report.position,
        totals=UndoTotals(*kept, counts["delete"]),
        settings=_shown(report),
    )


ROUTES = (restore, undo)

"""Privacy: operators erase, hold, hand out and decide how long data is kept; everybody may have what is theirs."""

from typing import Any, cast

import msgspec
from litestar import Response
from litestar.response import Stream

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import ProblemError, answer
from api.book.forms import Faults, read_object
from api.book.routes import delete, get, post, put
from api.book.strict import read_fields
from api.limits import take
from api.parts import Asked, parts_of
from api.roles import is_auditor, is_operator
from api.writing import record, write
from domain.apps.aggregate import PRIVACY_SCOPE
from domain.kernel import UnknownError
from domain.privacy import commands
from domain.privacy.aggregate import id_of
from domain.privacy.events import Rule
from domain.processes.erase_subject import erase_subject
from projections import subject_data
from schemas.book import Position
from schemas.privacy import (
    DataClass,
    Erasure,
    ErasureAsked,
    HoldAsked,
    Retention,
    RetentionRule,
    SubjectData,
    SubjectStanding,
    SubjectStandings,
)
from store import erasure

CREDENTIALS = ("bot", "session")
SHOWN_SUBJECTS = 100


async def _operator(request: Asked) -> Bot | Person:
    """Return who asks, who must look after the book. Errors: ProblemError."""
    caller = await session_or_bot_of(request, bot_scope=PRIVACY_SCOPE, session_scope=PRIVACY_SCOPE)
    if not is_operator(request, caller):
        raise ProblemError(403, "Only operators may do this.")
    return caller


async def _reader(request: Asked) -> None:
    """Refuse who is neither an auditor nor an operator. Errors: ProblemError."""
    caller = await session_or_bot_of(request, bot_scope=None, session_scope=None)
    if not is_auditor(request, caller) and not is_operator(request, caller):
        raise ProblemError(403, "Only auditors and operators may read this.")


def _subject(request: Asked) -> str:
    """Return the subject in the path. Errors: UnknownError."""
    subject: str = request.path_params["subject"]
    if id_of(subject) is None:
        raise UnknownError("subjects", subject)
    return subject


@post(
    "/book/privacy/erasures",
    summary="Erase somebody",
    body=ErasureAsked,
    answers={200: Erasure},
    refusals=(404,),
    credentials=CREDENTIALS,
)
async def erasures(request: Asked) -> Response[bytes]:
    """Delete the account or app, and destroy the key of all that was sealed for it; tables follow in a moment."""
    caller = await _operator(request)
    faults = Faults()
    asked = read_fields(faults, await read_object(request), ErasureAsked)
    faults.check()
    seen = await erasure.sealed_for(parts_of(request).store, asked["subject"])
    written = await write(request, caller.actor, erase_subject, **asked, **seen._asdict())
    return answer(200, Erasure(asked["subject"], written.position, written.value), written.headers())


@get(
    "/book/privacy/subjects",
    summary="List who was held, handed out or erased last",
    answers={200: SubjectStandings},
    credentials=CREDENTIALS,
)
async def subjects(request: Asked) -> Response[bytes]:
    """Return how it stands with the last hundred of them."""
    await _reader(request)
    found = await erasure.latest_standings(parts_of(request).store, SHOWN_SUBJECTS)
    return answer(200, SubjectStandings(tuple(map(_shown, found))))


@get(
    "/book/privacy/subjects/{subject:str}",
    summary="Tell how it stands with a subject",
    answers={200: SubjectStanding},
    credentials=CREDENTIALS,
)
async def standing(request: Asked) -> Response[bytes]:
    """Return what it is held for, and how far its erasure is."""
    await _reader(request)
    return answer(200, _shown(await erasure.standing_of(parts_of(request).store, _subject(request))))


def _shown(found: erasure.Standing) -> SubjectStanding:
    return msgspec.convert(found, SubjectStanding, from_attributes=True)


@get(
    "/book/privacy/subjects/{subject:str}/data",
    summary="Get all that there is about a subject",
    answers={200: SubjectData},
    refusals=(429,),
    credentials=CREDENTIALS,
)
async def data(request: Asked) -> Response[Any]:
    """Return its events, opened, and its rows; sessions of their own account, a few times an hour. It is recorded."""
    caller = await session_or_bot_of(request, bot_scope=PRIVACY_SCOPE, session_scope=PRIVACY_SCOPE)
    subject, store = _subject(request), parts_of(request).store
    own = caller.account if isinstance(caller, Person) and subject == caller.actor.name() else None
    if not is_operator(request, caller):
        if own is None:
            raise ProblemError(403, "Only operators may do this, and everybody of themselves.")
        await take(request, own, "own_data")
    head = await subject_data.head_of(store)
    positions = await subject_data.positions_of(store, subject, head)
    await record(request, caller.actor, commands.export_subject, subject=subject, events=len(positions))
    return Stream(subject_data.pieces(store, subject, head, positions), media_type="application/json")


@post(
    "/book/privacy/subjects/{subject:str}/holds",
    summary="Keep a subject from being erased",
    body=HoldAsked,
    answers={200: Position},
    credentials=CREDENTIALS,
)
async def hold(request: Asked) -> Response[bytes]:
    """Place a hold; several may be on one subject."""
    return await _change_hold(request, commands.place_hold)


@delete(
    "/book/privacy/subjects/{subject:str}/holds",
    summary="Release a hold",
    body=HoldAsked,
    answers={200: Position},
    credentials=CREDENTIALS,
)
async def release(request: Asked) -> Response[bytes]:
    """Let go of the hold of this name; one that is not there is no error."""
    return await _change_hold(request, commands.release_hold)


async def _change_hold(request: Asked, command: Any) -> Response[bytes]:  # noqa: ANN401 - either of two commands
    caller, subject = await _operator(request), _subject(request)
    faults = Faults()
    asked = read_fields(faults, await read_object(request), HoldAsked)
    faults.check()
    written = await write(request, caller.actor, command, subject=subject, **asked)
    return answer(200, Position(written.position), written.headers())


@get(
    "/book/privacy/retention",
    summary="Tell how long data is kept",
    answers={200: Retention},
    credentials=CREDENTIALS,
)
async def retention(request: Asked) -> Response[bytes]:
    """Return the rules as the log has them."""
    await _reader(request)
    rules = await erasure.retention_rules(parts_of(request).store)
    return answer(
        200, Retention(tuple(RetentionRule(cast("DataClass", name), days) for name, days in sorted(rules.items())))
    )


@put(
    "/book/privacy/retention",
    summary="Decide how long data is kept",
    body=Retention,
    answers={200: Position},
    credentials=CREDENTIALS,
)
async def change_retention(request: Asked) -> Response[bytes]:
    """Take the place of all rules before; the eraser applies them once a day."""
    caller = await _operator(request)
    faults = Faults()
    asked = read_fields(faults, await read_object(request), Retention)
    faults.check()
    rules = tuple(Rule(rule.data_class, rule.days) for rule in asked["rules"])
    written = await write(request, caller.actor, commands.change_retention, rules=rules)
    return answer(200, Position(written.position), written.headers())


ROUTES: tuple[Any, ...] = (erasures, subjects, standing, data, hold, release, retention, change_retention)

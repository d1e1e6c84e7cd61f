"""Privacy in the console: who is held and who was erased, for auditors; and for operators the forms to do it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException

from api.console.audit_views import stream_href
from api.console.auditors import AUDIT, OPT, auditor_of
from api.console.forms import Form, read_form
from api.console.pages import page, redirect
from api.console.texts import id_of
from api.console.visitors import ShutOutError, Visitor, require_own_page
from api.parts import Asked, parts_of
from api.roles import is_operator
from api.trail import look
from api.writing import write
from domain.kernel import RefusalError, UnknownError
from domain.privacy import aggregate
from domain.privacy.aggregate import DATA_CLASSES, DAYS_MAX, RETENTION
from domain.privacy.commands import change_retention, place_hold, release_hold
from domain.privacy.events import Rule
from domain.processes.erase_subject import erase_subject
from store.erasure import Standing, latest_standings, sealed_for, standing_of

PRIVACY = f"{AUDIT}/privacy"
SUBJECTS_MAX = 50
REFERENCE_CHARACTERS_MAX = 100
CONFLICT = 409
CLASSES = {
    "unseen_people": "People of whom nothing was heard",
    "deleted_accounts": "People whose account was deleted",
}
WORDS = {
    "hold": "It is held: nobody can erase it now.",
    "release": "The hold is released.",
    "erase": "It is erased. What was made from it is cleared away now.",
    "retention": "Kept like that from now on.",
}


class Shown(msgspec.Struct, frozen=True):
    """A subject as the page shows it."""

    standing: Standing
    href: str
    story: str

    def state(self) -> str:
        """Return how it stands in a word."""
        if self.standing.holds:
            return "held"
        if self.standing.position is None:
            return "kept" if self.standing.has_key else "nothing sealed"
        return "erased" if self.standing.is_purged else "being cleared"


class NotSaidError(RefusalError):
    """Nothing was done."""


@get(PRIVACY, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show how it stands with subjects, and how long data is kept."""
    return await _page(request, await auditor_of(request), request.query_params.get("subject", "").strip())


async def _page(
    request: Asked, visitor: Visitor, subject: str, fault: str | None = None, status: int = 200
) -> Response[bytes]:
    is_subject = aggregate.id_of(subject) is not None
    await look(request, visitor.actor, f"privacy {subject}" if is_subject else "privacy")
    store = parts_of(request).store
    return page(
        "audit_privacy.html",
        status,
        visitor=visitor,
        home=AUDIT,
        here=PRIVACY,
        is_operator=is_operator(request, visitor),
        typed=subject,
        subject=_shown(await standing_of(store, subject)) if is_subject else None,
        subjects=[_shown(each) for each in await latest_standings(store, SUBJECTS_MAX)],
        rules=(await store.load(RETENTION, RETENTION.stream())).state or {},
        classes=CLASSES,
        days_max=DAYS_MAX,
        done=WORDS.get(request.query_params.get("done", "")),
        fault=fault,
    )


def _shown(standing: Standing) -> Shown:
    href = f"{PRIVACY}?{urlencode({'subject': standing.subject})}"
    return Shown(standing, href, stream_href(standing.subject))


@post(PRIVACY, include_in_schema=False, opt=OPT, status_code=200)
async def act(request: Asked) -> Response[bytes]:
    """Hold, release or erase a subject, or say how long data is kept."""
    require_own_page(request)
    visitor = await auditor_of(request)
    if not is_operator(request, visitor):
        raise ShutOutError("Only operators may do this. GUILDBOOK_OPERATORS says who they are.")
    form = read_form(await request.body())
    deed, subject = form.word("_do"), form.word("subject").strip()
    if deed not in DEEDS:
        raise NotFoundException
    try:
        await DEEDS[deed](request, visitor, form, subject)
    except UnknownError:
        return await _page(request, visitor, subject, "The book knows nobody of this name.", CONFLICT)
    except RefusalError as refusal:
        return await _page(request, visitor, subject, str(refusal), CONFLICT)
    return redirect(f"{PRIVACY}?{urlencode({'done': deed, **({'subject': subject} if subject else {})})}")


async def _hold(request: Asked, visitor: Visitor, form: Form, subject: str) -> None:
    reference = _reference(form)
    if not reference:
        raise NotSaidError("Say what it is held for.")
    await write(request, visitor.actor, place_hold, subject=subject, reference=reference)


async def _release(request: Asked, visitor: Visitor, form: Form, subject: str) -> None:
    await write(request, visitor.actor, release_hold, subject=subject, reference=form.word("reference"))


async def _erase(request: Asked, visitor: Visitor, form: Form, subject: str) -> None:
    if form.word("sure") != subject:
        raise NotSaidError("Say that you are sure.")
    seen = await sealed_for(parts_of(request).store, subject)
    wishes: dict[str, Any] = {"subject": subject, "reference": _reference(form) or None, **seen._asdict()}
    await write(request, visitor.actor, erase_subject, **wishes)


async def _keep(request: Asked, visitor: Visitor, form: Form, _subject: str) -> None:
    rules = tuple(Rule(each, _days(form.word(each).strip())) for each in DATA_CLASSES)
    await write(request, visitor.actor, change_retention, rules=rules)


def _reference(form: Form) -> str:
    """Return what names the case. Errors: NotSaidError."""
    reference = form.word("reference").strip()
    if len(reference) > REFERENCE_CHARACTERS_MAX or not reference.isprintable():
        raise NotSaidError(f"A reference has {REFERENCE_CHARACTERS_MAX} characters at most, all of them visible.")
    return reference


def _days(text: str) -> int | None:
    """Read how many days something is kept, None for ever. Errors: RuleDaysError."""
    days = id_of(text)
    if text and days is None:
        raise aggregate.RuleDaysError
    return days


DEEDS: dict[str, Callable[[Asked, Visitor, Form, str], Awaitable[None]]] = {
    "hold": _hold,
    "release": _release,
    "erase": _erase,
    "retention": _keep,
}
ROUTES = (show, act)

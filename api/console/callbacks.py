"""All callbacks, for operators: how each does, what was sent last, and what to do when that fails."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException

from api.console.forms import Form, read_form
from api.console.pages import page, redirect
from api.console.texts import id_of
from api.console.visitors import HOME, ShutOutError, Visitor, visitor_of, writer_of
from api.parts import Asked, parts_of
from api.roles import is_operator
from api.writing import write
from domain.callbacks.aggregate import CALLBACK, POLYMPICS
from domain.callbacks.commands import pause_callback, probe_callback, resend_delivery, resume_callback
from domain.kernel import RefusalError, UnknownError
from projections.callbacks.queries import CallbackFound, callback_by_id, callbacks_after
from projections.deliveries import Delivery, delivery_by_id, figures_of, last_deliveries
from schemas.callbacks import STATUSES, CallbackFigures

PATH = f"{HOME}/callbacks"
OPT = {"surface": "console"}
CALLBACKS_MAX = 20
DELIVERIES_MAX = 5
CONFLICT = 409
DEEDS: dict[str, Callable[..., Awaitable[None]]] = {
    "pause": pause_callback,
    "resume": resume_callback,
    "test": probe_callback,
}
WORDS = {
    "pause": "Nothing is sent to it until it is resumed.",
    "resume": "It is sent to again, beginning with what it missed.",
    "test": "A test is on its way.",
    "resend": "It is on its way again.",
}


class Sent(msgspec.Struct, frozen=True):
    """A delivery as the page shows it: `status` is what came of the last attempt."""

    delivery: Delivery
    status: str
    at: str
    is_resendable: bool


class Shown(msgspec.Struct, frozen=True):
    """A callback as the page shows it; `tells` is what it is told, `since` since when it fails."""

    callback: CallbackFound
    figures: CallbackFigures
    tells: str
    since: str | None
    success: str | None
    sent: list[Sent]


@get(PATH, include_in_schema=False, opt=OPT)
async def listed(request: Asked) -> Response[bytes]:
    """Show callbacks, oldest first."""
    return await _list(request, _operator(request, await visitor_of(request)))


def _operator(request: Asked, visitor: Visitor) -> Visitor:
    """Return a visitor who looks after the book. Errors: ShutOutError."""
    if not is_operator(request, visitor):
        raise ShutOutError("Only operators may see this. GUILDBOOK_OPERATORS says who they are.")
    return visitor


async def _list(request: Asked, visitor: Visitor, fault: str | None = None, status: int = 200) -> Response[bytes]:
    after, asked = id_of(request.query_params.get("after", "")) or 0, request.query_params.get("status", "")
    only = asked if asked in STATUSES else None
    async with parts_of(request).pool.connection() as connection:
        found = await callbacks_after(connection, after, CALLBACKS_MAX + 1, status=only)
        shown = found[:CALLBACKS_MAX]
        figures = await figures_of(connection, {each.id: each.dialect for each in shown})
        sent = await last_deliveries(connection, [each.id for each in shown], DELIVERIES_MAX)
    return page(
        "callbacks.html",
        status,
        visitor=visitor,
        home=PATH,
        only=only,
        statuses=STATUSES,
        callbacks=[_shown(each, figures.get(each.id, CallbackFigures()), sent.get(each.id, [])) for each in shown],
        more=_more(found, only),
        done=WORDS.get(request.query_params.get("done", "")),
        fault=fault,
    )


def _more(found: list[CallbackFound], only: str | None) -> str | None:
    if len(found) <= CALLBACKS_MAX:
        return None
    asked: dict[str, Any] = {"after": found[CALLBACKS_MAX - 1].id, **({"status": only} if only else {})}
    return f"{PATH}?{urlencode(asked)}"


def _shown(callback: CallbackFound, figures: CallbackFigures, sent: list[Delivery]) -> Shown:
    since, success = callback.failing_since or figures.failing_since, figures.last_success_at
    return Shown(
        callback=callback,
        figures=figures,
        tells=_told(callback),
        since=since and since.isoformat(),
        success=success and success.isoformat(),
        sent=list(map(_sent, sent)),
    )


def _told(callback: CallbackFound) -> str:
    if callback.dialect == POLYMPICS:
        return callback.event
    named = ", ".join((*callback.types, *callback.contexts)) or "everything"
    return f"{named} in {', '.join(map(str, callback.guilds))}" if callback.guilds else named


def _sent(delivery: Delivery) -> Sent:
    last = delivery.log[-1] if delivery.log else None
    status = "not tried yet" if last is None else f"HTTP {last.status}" if last.status else str(last.error)
    at = last.started_at if last else delivery.created_at
    is_resendable = delivery.state != "pending" and delivery.is_resendable()
    return Sent(delivery, status, at.isoformat(), is_resendable)


@post(PATH, include_in_schema=False, opt=OPT, status_code=200)
async def act(request: Asked) -> Response[bytes]:
    """Pause, resume or test a callback, or send a delivery again."""
    visitor = _operator(request, await writer_of(request))
    form = read_form(await request.body())
    deed = form.word("_do")
    try:
        if deed == "resend":
            await _resend(request, visitor, form)
        else:
            await _do(request, visitor, deed, form)
    except UnknownError as unknown:
        raise NotFoundException from unknown
    except RefusalError as refusal:
        return await _list(request, visitor, str(refusal), CONFLICT)
    return redirect(f"{PATH}?{urlencode({'done': deed})}")


async def _do(request: Asked, visitor: Visitor, deed: str, form: Form) -> None:
    """Do something with a callback. Errors: NotFoundException, and those of the command."""
    command, number = DEEDS.get(deed), id_of(form.word("callback"))
    async with parts_of(request).pool.connection() as connection:
        found = await callback_by_id(connection, number or 0)
    if command is None or found is None:
        raise NotFoundException
    await write(request, visitor.actor, command, app=found.app, event=found.event)


async def _resend(request: Asked, visitor: Visitor, form: Form) -> None:
    """Send a delivery again; one that is on its way is left to it. Errors: NotFoundException."""
    name = form.word("delivery")
    async with parts_of(request).pool.connection() as connection:
        found = await delivery_by_id(connection, name) if name.isprintable() else None
    if found is None or not (found.state == "pending" or found.is_resendable()):
        raise NotFoundException
    state = await parts_of(request).store.peek(CALLBACK, found.app, found.event)
    if state is None or state.id != found.callback:
        raise NotFoundException
    if found.state != "pending":
        wishes = {"app": found.app, "event": found.event, "delivery": found.id}
        await write(request, visitor.actor, resend_delivery, **wishes)


ROUTES = (listed, act)

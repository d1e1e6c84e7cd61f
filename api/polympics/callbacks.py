"""Callbacks: an app's subscriptions, at most one per kind of event."""

import ipaddress
import re
import unicodedata
from urllib.parse import urlsplit

from litestar import Response

from api.parts import Asked, parts_of
from api.polympics.auth import caller_of, require_app
from api.polympics.errors import answer
from api.polympics.forms import Form
from api.polympics.routes import delete, get, put
from api.writing import write
from domain.callbacks.aggregate import CallbackNotRegisteredError
from domain.callbacks.commands import remove_callback
from domain.processes.register_callback import register_callback
from projections.callbacks.queries import callbacks_of_app
from schemas.polympics import CALLBACK_EVENTS, CALLBACK_TEXT_MAX, Callback, Callbacks, NewCallback

LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}$)({LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]\.?", re.IGNORECASE)


@put("/callback/{event:str}", summary="Subscribe to an event", body=NewCallback, answers={200: Callback})
async def register(request: Asked) -> Response[bytes]:
    """Subscribe the app, or replace where its subscription is sent; the id stays."""
    caller = await caller_of(request)
    form = Form(request)
    event = _event(form, request)
    await form.read_body()
    url = form.text("url", CALLBACK_TEXT_MAX, required=True)
    secret = form.text("secret", CALLBACK_TEXT_MAX, required=True)
    _check_url(form, url)
    _check_secret(form, secret)
    form.check()
    wishes = {"app": require_app(caller), "event": event, "url": url, "secret": secret}
    written = await write(request, caller.actor, register_callback, **wishes)
    return answer(200, Callback(written.value, event, url), written.headers())


def _event(form: Form, request: Asked) -> str:
    event = request.path_params["event"]
    if event not in CALLBACK_EVENTS:
        permitted = ", ".join(f"'{name}'" for name in CALLBACK_EVENTS)
        msg = f"value is not a valid enumeration member; permitted: {permitted}"
        form.fault(("path", "event"), msg, "type_error.enum", {"enum_values": CALLBACK_EVENTS})
    return event


def _check_url(form: Form, url: str) -> None:
    """Note what is wrong with a URL; whether its address may be called is known when it is called."""
    if any(fault.loc == ("body", "url") for fault in form.faults) or form.is_unread():
        return
    scheme, separator, _ = url.partition("://")
    if not separator or not scheme:
        form.fault(("body", "url"), "invalid or missing URL scheme", "value_error.url.scheme")
    elif scheme.lower() not in ("http", "https"):
        form.fault(("body", "url"), "URL scheme not permitted", "value_error.url.scheme")
    elif fault := _host_fault(url):
        form.fault(("body", "url"), fault, "value_error.url.host")


def _host_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host = host if _is_address(host) else host.encode("idna").decode()
    except (UnicodeError, ValueError):
        return "URL host invalid"
    if _is_address(host) or HOST.fullmatch(host):
        return "URL host invalid" if re.search(r"[\s\x00-\x1f\x7f]", url) else None
    return "URL host invalid, top level domain required" if re.fullmatch(r"[\w-]+", host) else "URL host invalid"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_secret(form: Form, secret: str) -> None:
    if any(unicodedata.category(character) == "Cc" for character in secret):
        form.fault(("body", "secret"), "characters not allowed")


@get("/callback/{event:str}", summary="Get a subscription", answers={200: Callback}, refusals=(404,))
async def show(request: Asked) -> Response[bytes]:
    """Return the app's subscription to this event."""
    caller = await caller_of(request)
    form = Form(request)
    event = _event(form, request)
    form.check()
    for callback in await _callbacks(request, require_app(caller)):
        if callback.event == event:
            return answer(200, callback)
    raise CallbackNotRegisteredError


async def _callbacks(request: Asked, app: int) -> list[Callback]:
    async with parts_of(request).pool.connection() as connection:
        return await callbacks_of_app(connection, app)


@delete("/callback/{event:str}", summary="End a subscription", answers={204: None}, refusals=(404,))
async def remove(request: Asked) -> Response[bytes]:
    """End the app's subscription to this event."""
    caller = await caller_of(request)
    form = Form(request)
    event = _event(form, request)
    form.check()
    written = await write(request, caller.actor, remove_callback, app=require_app(caller), event=event)
    return answer(204, headers=written.headers())


@get("/callbacks", summary="Get all subscriptions", answers={200: Callbacks})
async def show_all(request: Asked) -> Response[bytes]:
    """Return the URLs of the app's subscriptions, by event."""
    app = require_app(await caller_of(request))
    return answer(200, Callbacks({callback.event: callback.url for callback in await _callbacks(request, app)}))


ROUTES = (register, show, remove, show_all)

"""Logging in, by way of the identity provider or with a token, and logging out."""

import base64
import secrets
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie

from api.console.forms import read_form
from api.console.pages import page, redirect
from api.console.visitors import (
    DAY_SECONDS,
    HOME,
    LoginNeededError,
    ShutOutError,
    is_secure,
    require_own_page,
    safe_target,
    session_cookie,
    visitor_of,
)
from api.limits import Bucket, take
from api.logins import LoginBrokenError, LoginRefusedError, log_in_with_code
from api.parts import Asked, parts_of
from api.tokens import session_of
from api.writing import write
from domain.accounts.aggregate import SignupsClosedError
from domain.kernel import RefusalError
from domain.permissions import Actor
from domain.sessions.commands import close_own_session

LOGIN = f"{HOME}/login"
DONE = f"{LOGIN}/done"
SCOPES = "identify guilds"
FLOW_COOKIE = "guildbook_login"
FLOW_SECONDS = 600
BUCKET: Bucket = "oauth2_login"
YEAR_SECONDS = 365 * DAY_SECONDS
OPT = {"surface": "console"}


class Flow(msgspec.Struct, frozen=True):
    """A login that is under way at the identity provider; the browser keeps it."""

    state: str
    verifier: str
    next: str


@get(LOGIN, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show how to log in."""
    return _page(request, safe_target(request.query_params.get("next", HOME)))


@get(f"{LOGIN}/start", include_in_schema=False, opt=OPT)
async def start(request: Asked) -> Response[bytes]:
    """Send a browser to the identity provider."""
    target = safe_target(request.query_params.get("next", HOME))
    come_back = _come_back(request)
    if come_back is None:
        return redirect(LOGIN)
    flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(64), target)
    settings = parts_of(request).settings
    asked = {
        "client_id": settings.antiraid_client_id,
        "redirect_uri": come_back,
        "response_type": "code",
        "scope": SCOPES,
        "state": flow.state,
        "code_challenge": base64.urlsafe_b64encode(sha256(flow.verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    provider = f"{settings.discord_api_url.rstrip('/')}/oauth2/authorize"
    kept = base64.urlsafe_b64encode(msgspec.json.encode(flow)).decode()
    return redirect(f"{provider}?{urlencode(asked)}", cookies=[_flow_cookie(kept, FLOW_SECONDS, come_back)])


@get(DONE, include_in_schema=False, opt=OPT)
async def done(request: Asked) -> Response[bytes]:
    """Take somebody in who comes back from the identity provider. Errors: RateExceededError."""
    flow, come_back = _flow(request), _come_back(request)
    given = request.query_params
    if flow is None or come_back is None or not secrets.compare_digest(flow.state, given.get("state", "")):
        return _page(request, HOME, "That login was not begun here, or too long ago. Please try again.")
    if "code" not in given:
        return _page(request, flow.next, "You were not logged in.")
    await take(request, None, BUCKET)
    try:
        login = await log_in_with_code(request, given["code"], come_back, flow.verifier)
    except (LoginRefusedError, LoginBrokenError, SignupsClosedError) as error:
        return _page(request, flow.next, f"{error}.")
    seconds = int((login.expires_at - datetime.now(UTC)).total_seconds())
    session = session_cookie(login.token, min(seconds, YEAR_SECONDS), secure=_is_https(come_back))
    return redirect(flow.next, cookies=[session, _flow_cookie("", 0, come_back)])


@post(LOGIN, include_in_schema=False, opt=OPT, status_code=200)
async def with_token(request: Asked) -> Response[bytes]:
    """Take somebody in who has a token. Errors: ForeignFormError, RateExceededError."""
    require_own_page(request)
    form = read_form(await request.body())
    target, token = safe_target(form.word("next")), form.word("token").strip()
    await take(request, None, BUCKET)
    credential = await session_of(parts_of(request), token)
    if credential is None:
        return _page(request, target, "That token is not known, or not any more.", 403)
    return redirect(target, cookies=[session_cookie(token, YEAR_SECONDS, secure=is_secure(request))])


@post(f"{HOME}/logout", include_in_schema=False, opt=OPT, status_code=200)
async def logout(request: Asked) -> Response[bytes]:
    """Close the login; a token that was pasted stays good, for it is used elsewhere too."""
    require_own_page(request)
    try:
        visitor = await visitor_of(request)
    except (LoginNeededError, ShutOutError):
        visitor = None
    if visitor is not None and visitor.kind == "login":
        await _close(request, visitor.actor, visitor.account, visitor.session)
    return redirect(LOGIN, cookies=[session_cookie("", 0, secure=is_secure(request))])


async def _close(request: Asked, actor: Actor, account: int, session: int) -> None:
    try:
        await write(request, actor, close_own_session, account=account, session=session)
    except RefusalError:  # somebody was faster
        return


def _page(request: Asked, target: str, fault: str | None = None, status: int = 200) -> Response[bytes]:
    start = f"{LOGIN}/start?{urlencode({'next': target})}" if _come_back(request) else None
    return page("login.html", status, fault=fault, start=start, next=target)


def _come_back(request: Asked) -> str | None:
    """Return the address of our `done` that the operator allows at this host; None where nobody can log in so."""
    settings = parts_of(request).settings
    if not settings.antiraid_client_id or not settings.oauth_client_secret:
        return None
    host = request.headers.get("host", "")
    allowed = sorted(settings.redirect_uris())
    return next((uri for uri in allowed if urlsplit(uri).path == DONE and urlsplit(uri).netloc == host), None)


def _flow_cookie(value: str, seconds: int, come_back: str) -> Cookie:
    secure = _is_https(come_back)
    return Cookie(
        key=FLOW_COOKIE, value=value, path=LOGIN, max_age=seconds, httponly=True, samesite="lax", secure=secure
    )


def _is_https(address: str) -> bool:
    return urlsplit(address).scheme == "https"


def _flow(request: Asked) -> Flow | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(request.cookies.get(FLOW_COOKIE, "")), type=Flow)
    except ValueError:
        return None


ROUTES = (show, start, done, with_token, logout)

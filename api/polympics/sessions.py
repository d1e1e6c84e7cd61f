"""Logging in: sessions for Discord users and for accounts that an app vouches for, new passwords, and who one is."""

from datetime import UTC, datetime, timedelta

from litestar import Response

from api.parts import Asked, parts_of
from api.passwords import hash_password, new_password
from api.polympics.auth import caller_of, known_caller_of
from api.polympics.errors import UnknownCallerError, answer
from api.polympics.forms import Form
from api.polympics.routes import get, post
from api.writing import Written, write
from domain.accounts.aggregate import ACCOUNT
from domain.apps.commands import reset_token as reset_app_token
from domain.permissions import Actor
from domain.processes.open_session import log_in, open_session
from domain.sessions.commands import reset_token as reset_session_token
from projections.credentials import Credential
from schemas.polympics import TOKEN_MAX, Account, App, AppCredentials, DiscordToken, Session, SessionAccount

NO_STORE = {"Cache-Control": "no-store"}


def _new_end(request: Asked) -> datetime:
    """Return when a session that starts now ends; `9999` is as far as a calendar goes."""
    now = datetime.now(UTC)
    longest = datetime.max.replace(tzinfo=UTC) - now - timedelta(days=1)
    return now + min(parts_of(request).settings.max_session(), longest)


def _session(number: int, password: str, end: datetime) -> Session:
    return Session(f"S{number}", password, end.timestamp())


@post(
    "/auth/discord",
    summary="Log in with Discord",
    body=DiscordToken,
    answers={200: Session},
    refusals=(401, 403, 502),
    credentials=(),
)
async def discord(request: Asked) -> Response[bytes]:
    """Open a session for whom Discord says that the token is of; somebody new gets an account."""
    form = Form(request)
    await form.read_body()
    token = form.text("token", TOKEN_MAX, required=True)
    form.check()
    parts = parts_of(request)
    profile = await parts.discord.profile_of(token)
    password, end = new_password(), _new_end(request)
    actor = Actor(account=profile.id)
    wishes = {"profile": profile, "token_hash": hash_password(password), "expires_at": end}
    written = await write(request, actor, log_in, **wishes, signups_default=parts.settings.signups_open)
    return answer(200, _session(written.value, password, end), NO_STORE | written.headers())


@post(
    "/auth/create_session",
    summary="Open a session for an account",
    body=SessionAccount,
    answers={201: Session},
    refusals=(403,),
)
async def create(request: Asked) -> Response[bytes]:
    """Open a session for any account, for an app that may authenticate users."""
    caller = await caller_of(request)
    form = Form(request)
    await form.read_body()
    account = await form.known("account", ACCOUNT)
    form.check()
    password, end = new_password(), _new_end(request)
    wishes = {"account": account, "token_hash": hash_password(password), "expires_at": end}
    written = await write(request, caller.actor, open_session, caller.actor, **wishes)
    return answer(201, _session(written.value, password, end), NO_STORE | written.headers())


@post("/auth/reset_token", summary="Get a new password", answers={200: (AppCredentials, Session)})
async def reset(request: Asked) -> Response[bytes]:
    """Replace the password that was used; the old one is dead at once."""
    caller, credential = await known_caller_of(request)
    password = new_password()
    if credential.session is not None:
        end = _new_end(request)
        wishes = {"session": credential.session, "token_hash": hash_password(password), "expires_at": end}
        written = await write(request, caller.actor, reset_session_token, **wishes)
        return await _reset(request, written, _session(credential.session, password, end))
    written = await write(
        request, caller.actor, reset_app_token, app=credential.app, token_hash=hash_password(password)
    )
    app = _app(credential)
    return await _reset(request, written, AppCredentials(app.name, app.permissions, app.username, password))


async def _reset(request: Asked, written: Written[None], credentials: AppCredentials | Session) -> Response[bytes]:
    """Answer when the old password is dead, even if the caller would rather not wait."""
    parts = parts_of(request)
    await parts.freshness.wait(written.position, parts.settings.freshness_seconds_max)
    return answer(200, credentials, NO_STORE | written.headers())


def _app(credential: Credential) -> App:
    return App(credential.name or "", credential.permissions, f"A{credential.app}")


@get("/auth/me", summary="Who am I?", answers={200: (App, Account)})
async def me(request: Asked) -> Response[bytes]:
    """Return the app, or the account of the session."""
    _, credential = await known_caller_of(request)
    if credential.account is None:
        return answer(200, _app(credential))
    account = await parts_of(request).accounts.get(credential.account)
    if account is None:  # deleted a moment ago
        raise UnknownCallerError
    return answer(200, account)


ROUTES = (discord, create, reset, me)

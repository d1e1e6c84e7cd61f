"""Logs people in with a code of the identity provider, and asks it later as them; any surface may offer both."""

import re
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import uuid4

from api.discord import BadAnswerError, BadTokenError, DiscordUnreachableError, GrantRefusedError, User
from api.parts import Asked, Parts, parts_of
from api.tokens import hash_token, new_token
from api.writing import write
from domain.accounts.events import ListedGuild
from domain.permissions import Actor
from domain.processes.open_login import open_login
from domain.sessions.aggregate import Opening
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.connections import DATABASE_DOWN
from store.logins import Grant, KeptGrant, drop_grant, keep_grant, kept_grant, use_code

T = TypeVar("T")

CODE_CHARACTERS_MIN, CODE_CHARACTERS_MAX = 3, 512
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
SCOPES = {"identify", "guilds"}
STORE_FAILURES = (*DATABASE_DOWN, BookUnavailableError, ConflictError, OutcomeUnknownError)


class LoggedIn(NamedTuple):
    """A login that is open: its token, which is shown this once, and whose it is."""

    token: str
    session: int
    uuid: str
    expires_at: datetime
    user: User
    headers: dict[str, str]


class LoginRefusedError(Exception):
    """Nobody is let in with this."""

    def __str__(self) -> str:
        return self.args[0] if self.args else self.__doc__ or ""


class RedirectRefusedError(LoginRefusedError):
    """This redirect URI is not allowed"""  # noqa: D400 - clients show it as it is


class BadCodeError(LoginRefusedError):
    """Invalid code specified"""  # noqa: D400


class CodeUsedError(LoginRefusedError):
    """Code has been clearly used before and is as such invalid"""  # noqa: D400


class ScopesMissingError(LoginRefusedError):
    """This endpoint requires the 'identify' and 'guilds' scope to be present"""  # noqa: D400


class NotGrantedError(LoginRefusedError):
    """User has not logged in/authenticated via OAuth2 yet!"""  # noqa: D400


class LoginBrokenError(Exception):
    """The identity provider or the book failed while somebody logged in; the message says at what."""


async def log_in_with_code(request: Asked, code: str, redirect_uri: str, code_verifier: str | None) -> LoggedIn:
    """Let in whom the identity provider gave this code.

    Errors: LoginRefusedError, LoginBrokenError, SignupsClosedError.
    """
    parts = parts_of(request)
    await _check(parts, code, redirect_uri, code_verifier)
    grant, user = await _exchange(parts, code, redirect_uri, code_verifier)
    return await _stored("Failed to create session", _open(request, grant, user))


async def guilds_now(parts: Parts, account: int) -> tuple[ListedGuild, ...]:
    """Ask the identity provider for somebody's guilds.

    Errors: NotGrantedError when it does not know that person any more, DiscordUnreachableError.
    """
    kept = await _kept(parts, account)
    try:
        return await parts.discord.guilds_of(kept.grant.access_token)
    except BadTokenError:
        return await _guilds_renewed(parts, account, kept)


async def _check(parts: Parts, code: str, redirect_uri: str, code_verifier: str | None) -> None:
    if redirect_uri not in parts.settings.redirect_uris():
        raise RedirectRefusedError
    if not CODE_CHARACTERS_MIN <= len(code) <= CODE_CHARACTERS_MAX:
        raise BadCodeError
    if code_verifier is not None and not VERIFIER.fullmatch(code_verifier):
        message = "Invalid code_verifier specified"
        raise BadCodeError(message)
    if not await _stored("Failed to get access token", use_code(parts.pool, code)):
        raise CodeUsedError


async def _exchange(parts: Parts, code: str, redirect_uri: str, code_verifier: str | None) -> tuple[Grant, User]:
    try:
        grant, scopes = await parts.discord.grant_for_code(code, redirect_uri, code_verifier)
    except GrantRefusedError as error:
        message = f"Failed to get access token: {error}"
        raise BadCodeError(message) from error
    except DiscordUnreachableError as error:
        message = "Failed to get access token"
        raise LoginBrokenError(message) from error
    if not scopes >= SCOPES:
        raise ScopesMissingError
    return grant, await _user(parts, grant)


async def _user(parts: Parts, grant: Grant) -> User:
    try:
        return await parts.discord.user_of(grant.access_token)
    except BadAnswerError as error:
        message = "Failed to parse user info response"
        raise LoginBrokenError(message) from error
    except (BadTokenError, DiscordUnreachableError) as error:
        message = "Failed to get user info"
        raise LoginBrokenError(message) from error


async def _open(request: Asked, grant: Grant, user: User) -> LoggedIn:
    parts, token = parts_of(request), new_token()
    end = _end(parts)
    opening = Opening(str(uuid4()), hash_token(token), end)
    wishes = {"profile": parts.discord.profile(user), "signups_default": parts.settings.signups_open}
    written = await write(request, Actor(account=user.id), open_login, opening=opening, **wishes)
    await keep_grant(parts.pool, parts.store.keyring, user.id, grant)
    return LoggedIn(token, written.value, opening.uuid, end, user, written.headers())


def _end(parts: Parts) -> datetime:
    """Return when a login of now ends; the year 9999 is as far as a calendar goes."""
    now = datetime.now(UTC)
    return now + min(parts.settings.login_session(), datetime.max.replace(tzinfo=UTC) - now - timedelta(days=1))


async def _stored(what: str, work: Awaitable[T]) -> T:
    """Do something with the book. Errors: LoginBrokenError with these words when it cannot be done now."""
    try:
        return await work
    except STORE_FAILURES as error:
        raise LoginBrokenError(what) from error


async def _kept(parts: Parts, account: int) -> KeptGrant:
    kept = await kept_grant(parts.pool, parts.store.keyring, account)
    if kept is None:
        raise NotGrantedError
    return kept


async def _guilds_renewed(parts: Parts, account: int, kept: KeptGrant) -> tuple[ListedGuild, ...]:
    """Ask again with new tokens, ours or those that another process has got meanwhile."""
    grant = await _renew(parts, account, kept) or (await _kept(parts, account)).grant
    try:
        return await parts.discord.guilds_of(grant.access_token)
    except BadTokenError as error:
        raise NotGrantedError from error


async def _renew(parts: Parts, account: int, kept: KeptGrant) -> Grant | None:
    """Return new tokens for dead ones, None when there are none; then the dead ones are forgotten."""
    try:
        grant = await parts.discord.renewed(kept.grant.refresh_token) if kept.grant.refresh_token else None
    except GrantRefusedError:
        grant = None
    if grant is None:
        await drop_grant(parts.pool, account, kept.box)
    else:
        await keep_grant(parts.pool, parts.store.keyring, account, grant)
    return grant

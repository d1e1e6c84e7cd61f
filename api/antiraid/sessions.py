"""The sessions of a user: the calling one, all that are live, new API tokens, and an end to any of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from litestar import Response

from api.antiraid.auth import caller_of
from api.antiraid.bodies import read_body
from api.antiraid.errors import BadRequestError, InvalidTokenError, NotFoundError, RestrictedError, answer
from api.antiraid.routes import delete, get, post
from api.antiraid.times import end, moment
from api.parts import Asked, parts_of
from api.tokens import hash_token, new_token
from api.writing import write
from domain.kernel import UnknownError
from domain.sessions.aggregate import Opening, ScopeMissingError, TooManyTokensError
from domain.sessions.commands import close_own_session
from domain.sessions.commands import issue_token as issue
from projections.sessions.queries import ShownSession, live_sessions_of, session_known_as
from schemas.antiraid import (
    EXPIRY_SECONDS_MAX,
    AuthorizedSession,
    CreateUserSession,
    CreateUserSessionResponse,
    UserSession,
    UserSessionList,
)

NO_STORE = {"Cache-Control": "no-store"}
NO_SESSION = "No session found to delete"


@get("/sessions", summary="My sessions", answers={200: UserSessionList}, scope="sessions:read")
async def sessions(request: Asked) -> Response[bytes]:
    """List the live sessions of the user, the newest first."""
    caller = await caller_of(request)
    async with parts_of(request).pool.connection() as connection:
        found = await live_sessions_of(connection, caller.account, datetime.now(UTC))
    return answer(200, UserSessionList(tuple(map(_shown, found))), NO_STORE)


@get("/sessions/@me", summary="Who am I?", answers={200: AuthorizedSession})
async def me(request: Asked) -> Response[bytes]:
    """Return whose session asks."""
    caller = await caller_of(request)
    return answer(200, AuthorizedSession(str(caller.account), caller.uuid, caller.state, caller.kind), NO_STORE)


@post(
    "/sessions",
    summary="Issue an API token",
    body=CreateUserSession,
    answers={200: CreateUserSessionResponse},
    scope="sessions:write",
)
async def issue_token(request: Asked) -> Response[bytes]:
    """Open a session for a program; its token is shown this once."""
    caller = await caller_of(request)
    token, now = new_token(), datetime.now(UTC)
    opening = _opening(await read_body(request, CreateUserSession), token, now)
    try:
        written = await write(request, caller.actor, issue, issuer=caller.session, opening=opening, now=now)
    except ScopeMissingError as error:
        message = f"This token does not have the '{error.scope}' scope"
        raise RestrictedError(message) from error
    except TooManyTokensError as error:
        message = "Too many API tokens"
        raise BadRequestError(message) from error
    except UnknownError as error:  # closed a moment ago
        raise InvalidTokenError from error
    issued = CreateUserSessionResponse(
        user_id=str(caller.account),
        token=token,
        session_id=opening.uuid,
        expiry=end(opening.expires_at),
        user=None,
        never_expires=opening.expires_at is None,
        scopes=opening.scopes,
    )
    return answer(200, issued, NO_STORE | written.headers())


@delete("/sessions/{session_id:str}", summary="Close a session", answers={204: None}, scope="sessions:write")
async def revoke(request: Asked) -> Response[bytes]:
    """Close any session of the user, and answer when its token is dead, even if the caller would rather not wait."""
    caller, parts = await caller_of(request), parts_of(request)
    session = await _number_of(request)
    try:
        written = await write(request, caller.actor, close_own_session, account=caller.account, session=session)
    except UnknownError as error:
        raise NotFoundError(NO_SESSION) from error
    is_dead = await parts.freshness.wait(written.position, parts.settings.freshness_seconds_max)
    return answer(204, headers=NO_STORE | written._replace(stale=not is_dead).headers())


async def _number_of(request: Asked) -> int:
    try:
        uuid = UUID(request.path_params["session_id"])
    except ValueError as error:
        raise NotFoundError(NO_SESSION) from error
    async with parts_of(request).pool.connection() as connection:
        number = await session_known_as(connection, str(uuid))
    if number is None:
        raise NotFoundError(NO_SESSION)
    return number


def _opening(wish: CreateUserSession, token: str, now: datetime) -> Opening:
    if wish.type != "api":
        message = "Only 'api' session type is allowed"
        raise RestrictedError(message)
    scopes = None if wish.scopes is None else tuple(dict.fromkeys(wish.scopes))
    return Opening(str(uuid4()), hash_token(token), _end(wish.expiry, now), wish.name, scopes)


def _end(seconds: float | None, now: datetime) -> datetime | None:
    """Return when the token ends; beyond the year 9999 it never does."""
    if seconds is None:
        return None
    if not 1 <= seconds <= EXPIRY_SECONDS_MAX:
        message = f"Expiry time must be between 0 and {EXPIRY_SECONDS_MAX}"
        raise BadRequestError(message)
    if seconds != int(seconds):
        message = "expiry: must be a whole number of seconds"
        raise BadRequestError(message)
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _shown(session: ShownSession) -> UserSession:
    return UserSession(
        id=session.uuid,
        name=session.name,
        user_id=str(session.account),
        created_at=moment(session.opened_at),
        type=session.kind,
        expiry=end(session.expires_at),
        never_expires=session.expires_at is None,
        scopes=session.scopes,
    )


ROUTES = (sessions, me, issue_token, revoke)

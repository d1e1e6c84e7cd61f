"""Who asks: the token of a session, bare or after `Bearer` or `User`."""

import re
from typing import Literal

import msgspec

from api.antiraid.errors import (
    ApiBannedError,
    AuthBrokenError,
    InvalidTokenError,
    NoAuthTokenError,
    RestrictedError,
)
from api.parts import Asked, parts_of
from api.tokens import session_of
from domain.permissions import Actor
from domain.sessions.aggregate import USUAL_SCOPES
from projections.credentials import SessionCredential

SCHEME = re.compile(r"^(bearer|user) +", re.IGNORECASE)

Kind = Literal["login", "api"]
Scope = Literal["sessions:read", "sessions:write", "guilds:read", "guilds:list", "settings:read", "settings:write"]


class Caller(msgspec.Struct, frozen=True):
    """Who asks: an open session. `scopes` is None when its token is good for all that its kind may do."""

    account: int
    session: int
    uuid: str
    kind: Kind
    scopes: tuple[str, ...] | None
    state: str
    actor: Actor

    def has(self, scope: str) -> bool:
        """Tell whether the token is good for this."""
        if self.scopes is None:
            return self.kind == "login" or scope in USUAL_SCOPES
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Refuse unless the token is good for this. Errors: RestrictedError."""
        if not self.has(scope):
            raise RestrictedError(f"This token does not have the '{scope}' scope")


def token_of(request: Asked) -> str:
    """Return the token that was sent. Errors: NoAuthTokenError."""
    header = request.headers.get("authorization", "").strip()
    if not header or not header.isascii():
        raise NoAuthTokenError
    return SCHEME.sub("", header, count=1)


async def identify(request: Asked) -> SessionCredential:
    """Return whose token was sent, banned or not. Errors: NoAuthTokenError, InvalidTokenError, AuthBrokenError."""
    token = token_of(request)
    try:
        credential = await session_of(parts_of(request), token)
    except Exception as error:  # whatever it was, we do not know who calls
        raise AuthBrokenError from error
    if credential is None:
        raise InvalidTokenError
    return credential


def welcome(request: Asked, credential: SessionCredential) -> Caller:
    """Take the session as the one who asks, for the rest of the request. Errors: ApiBannedError."""
    if credential.is_banned():
        raise ApiBannedError(credential.account)
    caller = Caller(
        account=credential.account,
        session=credential.session,
        uuid=credential.uuid,
        kind=credential.kind,
        scopes=None if credential.scopes is None else tuple(credential.scopes),
        state=credential.state,
        actor=Actor(account=credential.account, session=credential.uuid),
    )
    request.scope["state"]["caller"] = caller
    return caller


async def caller_of(request: Asked) -> Caller:
    """Return who asks, as the route's declaration has found out."""
    return request.scope["state"]["caller"]

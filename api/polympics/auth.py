"""Who asks: HTTP Basic with the username of an app (`A1`) or of a session (`S41`)."""

import base64
import hmac
import re
from datetime import UTC, datetime

import msgspec

from api.parts import Asked, parts_of
from api.passwords import hash_password
from api.polympics.errors import UnauthorisedError, UnknownCallerError
from domain.permissions import NOBODY, Actor
from projections.credentials import Credential

ID_MAX = 2**63 - 1
USERNAME = re.compile(r"([AS]) *0*([0-9]{1,19})", re.IGNORECASE)
SCHEME = "basic"


class Caller(msgspec.Struct, frozen=True):
    """Who asks. Wrong credentials make a caller without a credential, who may do nothing."""

    actor: Actor = NOBODY
    credential: Credential | None = None


def sends_credentials(request: Asked) -> bool:
    """Tell whether there is a header of our scheme, well-formed or not."""
    return _scheme(request)[0] == SCHEME


async def caller_of(request: Asked) -> Caller:
    """Return who asks. Errors: UnauthorisedError without a well-formed header."""
    scheme, text = _scheme(request)
    if scheme != SCHEME:
        raise UnauthorisedError("Not authenticated", challenge=True)
    username, password = _decode(text)
    parsed = USERNAME.fullmatch(username)
    if not parsed or int(parsed[2]) > ID_MAX:
        return Caller()
    credential = await parts_of(request).credentials.get((parsed[1].upper(), int(parsed[2])))
    return _verify(credential, password)


def _scheme(request: Asked) -> tuple[str, str]:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), text.strip()


def _decode(text: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(text, validate=True).decode("ascii").partition(":")
    except ValueError:
        username, colon, password = "", "", ""
    if not colon:
        raise UnauthorisedError("Invalid authentication credentials", challenge=True)
    return username, password


def _verify(credential: Credential | None, password: str) -> Caller:
    known_hash = credential.token_hash if credential else ""
    if not hmac.compare_digest(hash_password(password), known_hash) or credential is None or _is_over(credential):
        return Caller()
    actor = Actor(credential.permissions, credential.app, credential.account, credential.team)
    return Caller(actor, credential)


def _is_over(credential: Credential) -> bool:
    return credential.expires_at is not None and credential.expires_at <= datetime.now(UTC)


async def known_caller_of(request: Asked) -> tuple[Caller, Credential]:
    """Return who asks, for routes that need to know. Errors: UnauthorisedError."""
    caller = await caller_of(request)
    if caller.credential is None:
        raise UnknownCallerError
    return caller, caller.credential


def require_app(caller: Caller) -> int:
    """Return the app that asks. Errors: UnauthorisedError for anybody else."""
    if caller.actor.app is None:
        raise UnauthorisedError("Only apps may use this endpoint.")
    return caller.actor.app

"""Tokens that alone say who calls: random, shown once, and known by their SHA-256 only."""

import secrets
import string
from datetime import UTC, datetime

from api.parts import Parts
from api.passwords import hash_password
from projections.credentials import SessionCredential

TOKEN_CHARACTERS = 128
ALPHABET = string.ascii_letters + string.digits


def new_token() -> str:
    """Return 128 random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_CHARACTERS))


def hash_token(token: str) -> str:
    """Return the SHA-256 (hex) by which a token is known."""
    return hash_password(token)


def is_token(text: str) -> bool:
    """Tell whether this could be a token at all."""
    return len(text) == TOKEN_CHARACTERS and text.isascii() and text.isalnum()


async def session_of(parts: Parts, token: str) -> SessionCredential | None:
    """Return the session that a token opens now: None when it is unknown, closed, or past its end.

    An account that is banned has its session all the same: who calls this asks `is_banned()`.
    """
    if not is_token(token):
        return None
    credential = await parts.sessions.get(hash_token(token))
    return None if credential is None or _is_over(credential) else credential


def _is_over(credential: SessionCredential) -> bool:
    return credential.expires_at is not None and credential.expires_at <= datetime.now(UTC)

"""Tokens that alone say who calls: random, shown once, and known by their SHA-256 only."""

import hmac
import re
import secrets
import string
from datetime import UTC, datetime

from api.parts import Parts
from api.passwords import hash_password
from projections.credentials import BotCredential, SessionCredential
from schemas.book import BIGINT_MAX

TOKEN_CHARACTERS = 128
ALPHABET = string.ascii_letters + string.digits
BOT_TOKEN = re.compile(r"([0-9]{1,19})\.([A-Za-z0-9_-]{43})", re.ASCII)


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


async def bot_by_token(parts: Parts, token: str) -> BotCredential | None:
    """Return the bot whose token `<id>.<secret>` this is now, None when it is nobody's."""
    parsed = BOT_TOKEN.fullmatch(token)
    app = int(parsed[1]) if parsed else 0
    credential = await parts.bots.get(app) if parsed and app <= BIGINT_MAX else None
    if parsed is None or credential is None:
        return None
    return credential if hmac.compare_digest(hash_password(parsed[2]), credential.token_hash) else None

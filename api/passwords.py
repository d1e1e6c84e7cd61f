"""Passwords of apps and sessions: random, shown once, and known by their hash only."""

import base64
import hashlib
import secrets

PASSWORD_BYTES = 32


def new_password() -> str:
    """Return 256 random bits as 44 characters."""
    return base64.b64encode(secrets.token_bytes(PASSWORD_BYTES)).decode()


def new_secret() -> str:
    """Return 256 random bits as 43 characters that need no quoting in a URL."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def hash_password(password: str) -> str:
    """Return the SHA-256 (hex) by which a password is known; it is too random to be guessed, so this may be fast."""
    return hashlib.sha256(password.encode()).hexdigest()

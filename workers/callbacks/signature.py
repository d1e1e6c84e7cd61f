"""The headers of a delivery: signatures as Standard Webhooks has them, and in the dialect of Polympics its bearer."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.callbacks.aggregate import BOOK, Callback
from domain.callbacks.signing import ED25519, key_of
from workers.cloud_events import STRUCTURED

SIGNING_KEY_PREFIX = "whsec_"
SIGNERS_MAX = 1024

Signer = Callable[[bytes], str]


def headers_of(callback: Callback, webhook_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of one attempt, made now. While a secret is replaced, both sign, the newer first."""
    timestamp = int(now.timestamp())
    if callback.dialect != BOOK:
        return signed_headers(webhook_id, timestamp, body, callback.secret)
    content = f"{webhook_id}.{timestamp}.".encode() + body
    secrets = [callback.secret]
    if callback.previous_secret is not None and callback.overlap_ends_at is not None and now < callback.overlap_ends_at:
        secrets.append(callback.previous_secret)
    return {
        "Content-Type": STRUCTURED,
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signer(secret, callback.signing)(content) for secret in secrets),
    }


def signed_headers(webhook_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of one attempt in the dialect of Polympics; `timestamp` is its own, in Unix seconds.

    An empty secret leaves the bearer empty (`Bearer ` with its space goes over the wire, though a receiver's HTTP
    parser drops spaces at the end of a value) and nothing to sign with. Other than Latin text travels as UTF-8.
    """
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {secret}",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
    }
    if secret:
        content = f"{webhook_id}.{timestamp}.".encode() + body
        headers["webhook-signature"] = _by_hmac(signing_key(secret), content)
    return headers


def signing_key(secret: str) -> bytes:
    """Return the bytes that `whsec_<base64>` stands for; any other secret is its own key."""
    if secret.startswith(SIGNING_KEY_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SIGNING_KEY_PREFIX), validate=True) or secret.encode()
        except ValueError:
            return secret.encode()
    return secret.encode()


@lru_cache(SIGNERS_MAX)
def _signer(secret: str, signing: str) -> Signer:
    key = key_of(secret, signing)
    if signing != ED25519:
        return lambda content: _by_hmac(key, content)
    private = Ed25519PrivateKey.from_private_bytes(key)
    return lambda content: f"v1a,{base64.b64encode(private.sign(content)).decode()}"


def _by_hmac(key: bytes, content: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"

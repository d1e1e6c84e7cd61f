"""The headers of a delivery: the secret as upstream's bearer, and a signature as Standard Webhooks has it."""

import base64
import hashlib
import hmac

SIGNING_KEY_PREFIX = "whsec_"


def signed_headers(webhook_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of one attempt; `timestamp` is its own, in Unix seconds.

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
        headers["webhook-signature"] = _signature(signing_key(secret), webhook_id, timestamp, body)
    return headers


def signing_key(secret: str) -> bytes:
    """Return the bytes that `whsec_<base64>` stands for; any other secret is its own key."""
    if secret.startswith(SIGNING_KEY_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SIGNING_KEY_PREFIX), validate=True) or secret.encode()
        except ValueError:
            return secret.encode()
    return secret.encode()


def _signature(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    digest = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"

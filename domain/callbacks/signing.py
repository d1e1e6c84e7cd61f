"""How deliveries to a callback are signed, and what its secret looks like: as Standard Webhooks has them."""

import base64

from domain.kernel import RefusalError

HMAC, ED25519 = "hmac", "ed25519"
PREFIXES = {HMAC: "whsec_", ED25519: "whsk_"}
PUBLIC_PREFIX = "whpk_"
SEED_BYTES = 32
KEY_BYTES = {HMAC: (24, 64), ED25519: (SEED_BYTES, SEED_BYTES)}
"""The least and the most bytes of a key."""


class SecretMalformedError(RefusalError):
    """The secret is not of the form that this kind of signature needs."""

    def __init__(self, signing: str) -> None:
        least, most = KEY_BYTES[signing]
        size = f"{least}" if least == most else f"{least} to {most}"
        super().__init__()
        self.needs = f"must be {PREFIXES[signing]} and the base64 of {size} bytes"

    def __str__(self) -> str:
        return f"The secret {self.needs}."


def key_of(secret: str, signing: str) -> bytes:
    """Return the bytes that a secret stands for. Errors: SecretMalformedError."""
    prefix, (least, most) = PREFIXES[signing], KEY_BYTES[signing]
    try:
        key = base64.b64decode(secret.removeprefix(prefix), validate=True)
    except ValueError as error:
        raise SecretMalformedError(signing) from error
    if not secret.startswith(prefix) or not least <= len(key) <= most:
        raise SecretMalformedError(signing)
    return key


def secret_of(key: bytes, signing: str) -> str:
    """Return how a key is written down."""
    return PREFIXES[signing] + base64.b64encode(key).decode()


def public_of(key: bytes) -> str:
    """Return how the public half of an Ed25519 key is written down."""
    return PUBLIC_PREFIX + base64.b64encode(key).decode()

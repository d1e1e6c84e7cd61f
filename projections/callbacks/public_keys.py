"""The public half of an Ed25519 secret, with which a receiver checks what it is sent."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.callbacks.signing import ED25519, SecretMalformedError, key_of, public_of


def public_key_of(secret: str, signing: str) -> str | None:
    """Return it as receivers take it; None when there is none, or when the secret was erased."""
    if signing != ED25519:
        return None
    try:
        seed = key_of(secret, signing)
    except SecretMalformedError:
        return None
    return public_of(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())

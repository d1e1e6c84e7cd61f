"""The keys that sign checkpoints, sealed by the master key: the newest one signs, older ones stay published."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import notes
from store.keys import NONCE_BYTES
from store.notes import VerifierKey

LOCK = 7121402828


class ForeignKeyError(Exception):
    """A signing key of this book was not sealed with its master key: somebody else has put it in, or changed it."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class PublishedKey(NamedTuple):
    """A key as others may know it. `sealed` is its private half."""

    number: int
    key: VerifierKey
    sealed: bytes
    made_at: datetime


class SigningKey(NamedTuple):
    """A key that can sign."""

    key: VerifierKey
    private: Ed25519PrivateKey


async def published_keys(connection: AsyncConnection[TupleRow]) -> list[PublishedKey]:
    """Return all keys that there ever were, the oldest first."""
    query = "SELECT number, name, public_key, sealed, made_at FROM book.signing_keys ORDER BY number"
    rows = await (await connection.execute(query)).fetchall()
    return [PublishedKey(number, VerifierKey(name, public), sealed, at) for number, name, public, sealed, at in rows]


def opened_key(master_key: bytes, published: PublishedKey) -> SigningKey:
    """Open the private half. Errors: ForeignKeyError."""
    try:
        seed = AESGCM(master_key).decrypt(
            published.sealed[:NONCE_BYTES], published.sealed[NONCE_BYTES:], _context(published.key)
        )
        private = Ed25519PrivateKey.from_private_bytes(seed)
    except (InvalidTag, ValueError) as error:
        raise ForeignKeyError from error
    if private.public_key().public_bytes_raw() != published.key.public:
        raise ForeignKeyError
    return SigningKey(published.key, private)


def _context(key: VerifierKey) -> bytes:
    return f"signing key {key.text()}".encode()


async def _make_key(connection: AsyncConnection[TupleRow], master_key: bytes, name: str) -> PublishedKey:
    """Make the key that signs from now on."""
    private = Ed25519PrivateKey.generate()
    key = VerifierKey(name, private.public_key().public_bytes_raw())
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(master_key).encrypt(nonce, private.private_bytes_raw(), _context(key))
    statement = """
        INSERT INTO book.signing_keys (number, name, public_key, sealed)
        SELECT coalesce(max(number), 0) + 1, %s, %s, %s
        FROM book.signing_keys
        RETURNING number, made_at
    """
    row = await (await connection.execute(statement, (name, key.public, sealed))).fetchone()
    assert row
    return PublishedKey(row[0], key, sealed, row[1])


async def keys_to_sign_with(
    connection: AsyncConnection[TupleRow], master_key: bytes, name: str, last_note: str | None
) -> Sequence[SigningKey]:
    """Return the newest key, made when it has another name, and those before it back to one that signed the last note.

    So whoever trusts an old key finds the new one below a checkpoint that the old one signed. Errors: ForeignKeyError,
    NoteError.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        published = await published_keys(connection)
        if not published or published[-1].key.name != name:
            published.append(await _make_key(connection, master_key, name))
    keys = [opened_key(master_key, each) for each in published]
    known = [place for place, each in enumerate(keys) if last_note and notes.names(last_note, each.key)]
    return keys[max(known, default=-1) :]


async def rotate(connection: AsyncConnection[TupleRow], master_key: bytes, name: str) -> PublishedKey:
    """Make the key that signs from now on."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        return await _make_key(connection, master_key, name)


async def trusted_keys(
    connection: AsyncConnection[TupleRow], master_key: bytes
) -> tuple[list[VerifierKey], list[VerifierKey]]:
    """Return the published keys that the master key sealed, and the others, which nobody should trust."""
    own, foreign = list[VerifierKey](), list[VerifierKey]()
    for published in await published_keys(connection):
        try:
            own.append(opened_key(master_key, published).key)
        except ForeignKeyError:
            foreign.append(published.key)
    return own, foreign

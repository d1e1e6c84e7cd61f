"""The keys of sealed fields: one per subject, wrapped by a master key that never enters the database."""

import base64
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.connections import Pool, connect_sync
from store.gather import Gatherer

KEY_BYTES = 32
NONCE_BYTES = 12
CACHED_KEYS_MAX = 50_000


class MasterKeyError(Exception):
    """The master key is missing or is not the one that this book's keys are wrapped with."""

    def __str__(self) -> str:
        return f"{self.__doc__} {self.args[0] if self.args else ''}".strip()


def load_master_key(data: Path | None, text: str | None) -> bytes:
    """Return the key from its setting (base64 of 32 bytes), else from the file beside the data, made if missing."""
    if text:
        return _decode_master_key(text)
    if data is None:
        message = "Set GUILDBOOK_MASTER_KEY to base64 of 32 random bytes, the same for every process of this book."
        raise MasterKeyError(message)
    return _decode_master_key(_read_or_make(data / "master.key"))


def _decode_master_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = "It must be base64 of exactly 32 bytes."
        raise MasterKeyError(message)
    return key


def _read_or_make(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    text = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return text


def check_master_key(url: str, master_key: bytes) -> None:
    """Refuse, with MasterKeyError, a key that is not the one of this book."""
    with connect_sync(url) as connection:
        row = connection.execute("SELECT subject, wrapped FROM book.keys LIMIT 1").fetchone()
    if row is not None:
        _unwrap(AESGCM(master_key), *row)


def _unwrap(master: AESGCM, subject: str, wrapped: bytes) -> bytes:
    try:
        return master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode())
    except InvalidTag as error:
        raise MasterKeyError from error


class Keyring:
    """Seals and opens fields. Keys are fetched in sets before they are used; opening is then plain computing."""

    def __init__(self, pool: Pool, master_key: bytes) -> None:
        self._pool = pool
        self._master = AESGCM(master_key)
        self._keys: OrderedDict[str, AESGCM] = OrderedDict()
        self._fetches = Gatherer[list[str], None](self._fetch)
        self._makes = Gatherer[list[str], None](self._make)

    async def fetch(self, subjects: Iterable[str]) -> None:
        """Make the keys of these subjects ready; those of erased subjects stay absent."""
        missing = self._missing(subjects)
        if missing:
            await self._fetches.get(missing)

    async def ensure(self, subjects: Iterable[str]) -> None:
        """Make the keys of these subjects ready, creating those that are not there."""
        missing = self._missing(subjects)
        if missing:
            await self._makes.get(missing)

    def _missing(self, subjects: Iterable[str]) -> list[str]:
        return [subject for subject in set(subjects) if subject not in self._keys]

    async def _fetch(self, calls: Sequence[list[str]]) -> Sequence[None]:
        await self._select([subject for subjects in calls for subject in subjects])
        return [None] * len(calls)

    async def _make(self, calls: Sequence[list[str]]) -> Sequence[None]:
        """Make keys for those without one; of two processes that do it at once, the first one's key counts."""
        await self._fetch(calls)
        new = self._missing(subject for subjects in calls for subject in subjects)
        if new:
            await self._insert(new)
            await self._select(new)
        return [None] * len(calls)

    async def _select(self, subjects: list[str]) -> None:
        query = "SELECT subject, wrapped FROM book.keys WHERE subject = ANY(%b)"
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(query, (subjects,), binary=True)).fetchall()
        for subject, wrapped in rows:
            self._keys[subject] = AESGCM(_unwrap(self._master, subject, wrapped))
        while len(self._keys) > max(CACHED_KEYS_MAX, len(subjects)):
            self._keys.popitem(last=False)

    async def _insert(self, subjects: list[str]) -> None:
        wrapped = [self._wrap(subject, os.urandom(KEY_BYTES)) for subject in subjects]
        statement = (
            "INSERT INTO book.keys (subject, wrapped) SELECT * FROM unnest(%b::text[], %b::bytea[])"
            " ON CONFLICT DO NOTHING"
        )
        async with self._pool.connection() as connection:
            await connection.execute(statement, (subjects, wrapped))

    def _wrap(self, subject: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, key, subject.encode())

    def seal(self, subject: str, plain: bytes, context: str) -> str:
        """Encrypt under the subject's key (ensured before); `context` must be given again to open."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._keys[subject].encrypt(nonce, plain, context.encode())
        return f"{subject} {base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, context: str) -> bytes | None:
        """Decrypt what `seal` made; None when the subject was erased."""
        subject, _, text = sealed.rpartition(" ")
        key = self._keys.get(subject)
        if key is None:
            return None
        box = base64.b64decode(text)
        return key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], context.encode())


def subject_of(sealed: str) -> str:
    """Name whose key a sealed value needs."""
    return sealed.rpartition(" ")[0]

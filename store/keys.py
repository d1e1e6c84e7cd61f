"""The keys of sealed fields: one per subject, wrapped by a master key that never enters the database."""

import base64
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.privacy.aggregate import SUBJECT
from store.connections import Pool, connect_sync
from store.gather import Gatherer

KEY_BYTES = 32
KEY_ID_BYTES = 9
NONCE_BYTES = 12
CACHED_KEYS_MAX = 50_000


class MasterKeyError(Exception):
    """The master key is missing or is not the one that this book's keys are wrapped with."""

    def __str__(self) -> str:
        return f"{self.__doc__} {self.args[0] if self.args else ''}".strip()


def load_master_key(data: Path | None, text: str | None) -> bytes:
    """Return the key: from its setting (base64 of 32 bytes), else from the file beside the data, made if missing."""
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


def put_master_key(data: Path, key: bytes) -> None:
    """Give a folder this key. Errors: MasterKeyError when it has another."""
    if _decode_master_key(_read_or_make(data / "master.key", key)) != key:
        message = f"{data} has another."
        raise MasterKeyError(message)


def _read_or_make(path: Path, key: bytes | None = None) -> str:
    """Return what the file says; a new one appears whole, on disk, and never in place of another."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        _write_synced(draft, base64.b64encode(key or os.urandom(KEY_BYTES)).decode())
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was faster
            pass
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    return path.read_text()


def _write_synced(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_master_key(url: str, master_key: bytes) -> None:
    """Refuse a master key that does not open the keys of this book. Errors: MasterKeyError."""
    with connect_sync(url) as connection:
        row = connection.execute("SELECT id, wrapped FROM book.keys LIMIT 1").fetchone()
    if row:
        check_wrapped(master_key, *row)


def check_wrapped(master_key: bytes, key_id: str, wrapped: bytes) -> None:
    """Refuse a master key that does not open a key. Errors: MasterKeyError."""
    _unwrap(AESGCM(master_key), key_id, wrapped)


class DataKey(NamedTuple):
    """A subject's key, unwrapped. The id is random, and named by every box that the key sealed.

    `seen` is the version that the subject's stream of privacy had when the key was read: what is sealed by this key may
    be appended while that is still so, for the stream moves on when the subject is erased.
    """

    id: str
    cipher: AESGCM
    seen: int


def seal(key: DataKey, plain: bytes, context: str) -> str:
    """Encrypt; `context` must be given again to open."""
    nonce = os.urandom(NONCE_BYTES)
    box = nonce + key.cipher.encrypt(nonce, plain, context.encode())
    return f"{key.id} {base64.b64encode(box).decode()}"


def open_box(keys: Mapping[str, DataKey], sealed: str, context: str) -> bytes | None:
    """Decrypt what `seal` made, with one of these keys by id; None when its key was erased."""
    key_id, _, text = sealed.partition(" ")
    key = keys.get(key_id)
    if key is None:
        return None
    box = base64.b64decode(text)
    return key.cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], context.encode())


def key_id_of(sealed: str) -> str:
    """Name the key that a box needs."""
    return sealed.partition(" ")[0].replace("\0", "")  # no key is called so, and the database cannot be asked for it


class Keyring:
    """Finds keys in sets, by subject to seal and by id to open, and keeps those used lately."""

    def __init__(self, pool: Pool, master_key: bytes) -> None:
        self._pool = pool
        self._master = AESGCM(master_key)
        self._by_subject: OrderedDict[str, DataKey] = OrderedDict()
        self._by_id: OrderedDict[str, DataKey] = OrderedDict()
        self._makes = Gatherer[list[str], dict[str, DataKey]](self._make)
        self._fetches = Gatherer[list[str], dict[str, DataKey]](self._fetch)

    def forget(self) -> None:
        """Know no key any more: somebody was erased. Who is just reading keys keeps none of them here."""
        self._by_subject, self._by_id = OrderedDict(), OrderedDict()

    def doubt(self, subjects: Iterable[str]) -> None:
        """Read the keys of these subjects anew before anything else is sealed by them."""
        for subject in subjects:
            self._by_subject.pop(subject, None)

    async def known(self, subject: str) -> dict[str, DataKey]:
        """Return the key of a subject by its id, nothing when there is none: none is made."""
        return {key.id: key for key in (await self._select_by_subject([subject])).values()}

    async def has_key(self, subject: str) -> bool:
        """Tell whether there is a key, that is: whether anything is sealed for the subject that can be read."""
        return bool(await self.known(subject))

    async def for_subjects(self, subjects: Iterable[str]) -> dict[str, DataKey]:
        """Return the key of each of these subjects, made when there is none."""
        return await _complete(set(subjects), self._by_subject, self._makes)

    async def for_ids(self, ids: Iterable[str]) -> dict[str, DataKey]:
        """Return the keys with these ids; those of erased subjects are absent."""
        return await _complete(set(ids), self._by_id, self._fetches)

    async def _make(self, calls: Sequence[list[str]]) -> list[dict[str, DataKey] | Exception]:
        """Make keys for those without one; of two processes that do it at once, the first one's key counts."""
        subjects, kept = sorted({subject for call in calls for subject in call}), self._by_subject
        keys = await self._select_by_subject(subjects)
        new = [subject for subject in subjects if subject not in keys]
        if new:
            keys |= await self._insert(new)
            others = [subject for subject in new if subject not in keys]  # another process was faster
            keys |= await self._select_by_subject(others) if others else {}
        _keep(kept, keys)
        return [{subject: keys[subject] for subject in call} for call in calls]

    async def _fetch(self, calls: Sequence[list[str]]) -> list[dict[str, DataKey] | Exception]:
        kept = self._by_id
        keys = await self._select_by_id(sorted({key_id for call in calls for key_id in call}))
        _keep(kept, keys)
        return [{key_id: keys[key_id] for key_id in call if key_id in keys} for call in calls]

    async def _select_by_subject(self, subjects: list[str]) -> dict[str, DataKey]:
        query = """
            SELECT key.subject, key.id, key.wrapped, coalesce(
                (SELECT max(log.version) FROM book.log AS log WHERE log.stream = %b || key.subject), 0
            )
            FROM book.keys AS key
            WHERE key.subject = ANY(%b)
        """
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(query, (SUBJECT.prefix(), subjects), binary=True)).fetchall()
        return {subject: _unwrap(self._master, *key) for subject, *key in rows}

    async def _select_by_id(self, ids: list[str]) -> dict[str, DataKey]:
        query = "SELECT id, wrapped FROM book.keys WHERE id = ANY(%b)"
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(query, (ids,), binary=True)).fetchall()
        return {key_id: _unwrap(self._master, key_id, wrapped) for key_id, wrapped in rows}

    async def _insert(self, subjects: list[str]) -> dict[str, DataKey]:
        """Make keys, and return those that were not there already."""
        made = [secrets.token_urlsafe(KEY_ID_BYTES) for _ in subjects], [os.urandom(KEY_BYTES) for _ in subjects]
        wrapped = [_wrap(self._master, key_id, key) for key_id, key in zip(*made, strict=True)]
        statement = """
            INSERT INTO book.keys (id, subject, wrapped)
            SELECT id, subject, wrapped
            FROM unnest(%b::text[], %b::text[], %b::bytea[]) AS new (id, subject, wrapped)
            ON CONFLICT (subject) DO NOTHING
            RETURNING id, coalesce((SELECT max(log.version) FROM book.log AS log WHERE log.stream = %b || subject), 0)
        """
        async with self._pool.connection() as connection:
            rows = await (
                await connection.execute(statement, (made[0], subjects, wrapped, SUBJECT.prefix()))
            ).fetchall()
        seen: dict[str, int] = dict(rows)
        new = zip(subjects, *made, strict=True)
        return {subject: DataKey(key_id, AESGCM(key), seen[key_id]) for subject, key_id, key in new if key_id in seen}


def _wrap(master: AESGCM, key_id: str, key: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + master.encrypt(nonce, key, key_id.encode())


def _unwrap(master: AESGCM, key_id: str, wrapped: bytes, seen: int = 0) -> DataKey:
    try:
        key = master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id.encode())
    except (InvalidTag, ValueError) as error:  # the latter: cut short by whoever owns the database
        message = f"It does not open the key {key_id}."
        raise MasterKeyError(message) from error
    return DataKey(key_id, AESGCM(key), seen)


async def _complete(
    names: set[str], kept: OrderedDict[str, DataKey], gatherer: Gatherer[list[str], dict[str, DataKey]]
) -> dict[str, DataKey]:
    found = {name: kept[name] for name in names if name in kept}
    missing = [name for name in names if name not in found]
    return found | await gatherer.get(missing) if missing else found


def _keep(kept: OrderedDict[str, DataKey], keys: dict[str, DataKey]) -> None:
    kept.update(keys)
    while len(kept) > CACHED_KEYS_MAX:
        kept.popitem(last=False)

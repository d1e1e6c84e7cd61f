"""Bundles: folders of events that anybody can verify with nothing but a key that they trust.

    manifest.json         what was asked for, how many events there are, and the digests of the files below
    manifest.signed       a signed note over the digest of the manifest, by the keys that signed the checkpoint
    checkpoint            the signed checkpoint of the tree that all of it is proved to be in
    keys                  the book's public keys, for information: who verifies should know them from elsewhere
    events-000001.ndjson  rows in the order of the log, some in each file
    proofs-000001         the tree over these rows and what lies between them, from left to right, 33 bytes each:
                          255 and the hash of a row's leaf, or the height of a subtree without rows and its root

So the hashes of all proofs in their order make the root that was signed, and each row makes one of them.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

import msgspec

from store import notes
from store.merkle import HASH_BYTES, Edge
from store.notes import NoteError, VerifierKey
from store.rows import Format
from store.selection import Selection
from store.signing_keys import SigningKey

VERSION = "guildbook-export-1"
MANIFEST, SIGNED, CHECKPOINT, KEYS, DRAFT = "manifest.json", "manifest.signed", "checkpoint", "keys", "draft.json"
ROW = 255
ENTRY_BYTES = 1 + HASH_BYTES
READ_ENTRIES = 4096


class BundleError(Exception):
    """This is not an export of a book."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.__doc__ or ""


class Part(msgspec.Struct, frozen=True):
    """Some of the rows. Its proofs go on to the position `up_to`; `first` and `last` are 0 when it has no row."""

    rows: int
    first: int
    last: int
    up_to: int
    events_sha256: str
    proofs_sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What an export holds: events of the first `size` of the book, which a checkpoint of `origin` covers."""

    version: str
    origin: str
    size: int
    format: Format
    selection: Selection
    reveals: bool
    begun_at: datetime
    parts: tuple[Part, ...] = ()
    count: int = 0
    first: int = 0
    last: int = 0

    def place(self) -> int:
        """Return the position up to which its parts go."""
        return self.parts[-1].up_to if self.parts else 0

    def end(self) -> int:
        """Return the last position that may be in it."""
        return self.size if self.selection.up_to is None else min(self.selection.up_to, self.size)

    def counted(self) -> "Manifest":
        """Return it with what its parts hold together."""
        filled = [part for part in self.parts if part.rows]
        first, last = (filled[0].first, filled[-1].last) if filled else (0, 0)
        return msgspec.structs.replace(self, count=sum(part.rows for part in self.parts), first=first, last=last)

    def files(self) -> list[str]:
        """Name all that belongs to it."""
        numbers = range(1, len(self.parts) + 1)
        named = [name for number in numbers for name in (events_file(number, self.format), proofs_file(number))]
        return [MANIFEST, SIGNED, CHECKPOINT, KEYS, *named]


def events_file(number: int, kind: Format) -> str:
    """Name the file of a part's rows."""
    return f"events-{number:06}.{kind}"


def proofs_file(number: int) -> str:
    """Name the file of a part's proofs."""
    return f"proofs-{number:06}"


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def draft_of(path: Path) -> Path:
    """Name what is written first, to be put in the place of a file."""
    return path.with_name(f"{path.name}.new")


def settle(path: Path) -> None:
    """Put what was written in the place of a file: whole, and on disk."""
    with draft_of(path).open("rb+") as file:
        os.fsync(file.fileno())
    draft_of(path).replace(path)


def write_file(path: Path, content: bytes) -> None:
    """Put a file in its place."""
    draft_of(path).write_bytes(content)
    settle(path)


def require_files(folder: Path) -> None:
    """Refuse a folder in which there is anything else, as a pipe or a device that has no end. Errors: BundleError."""
    for path in folder.iterdir():
        if not path.is_file():
            message = f"{path.name!a} in {folder} is no file."
            raise BundleError(message)


# ---- the manifest ----------------------------------------------------------------------------------------------------


def manifest_in(folder: Path, name: str = MANIFEST) -> Manifest:
    """Read what a folder holds. Errors: BundleError."""
    try:
        manifest = msgspec.json.decode((folder / name).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        message = f"{folder} holds no export that is finished."
        raise BundleError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{folder / name} cannot be read."
        raise BundleError(message) from error
    if manifest.version != VERSION:
        message = f"{folder / name} is of another version of exports: {manifest.version[:40]!r}."
        raise BundleError(message)
    return manifest


def manifest_bytes(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def signed_manifest(manifest: bytes, origin: str, keys: list[SigningKey]) -> str:
    """Sign a manifest. The note can be taken for no checkpoint: its second line is no size."""
    text = _manifest_text(manifest, origin)
    return text + "\n" + "".join([notes.sign(text, each.key.name, each.private) for each in keys])


def is_signed(manifest: bytes, origin: str, note: str, keys: list[VerifierKey]) -> bool:
    """Tell whether one of these keys signed a manifest, under the name of the book."""
    try:
        text, names = notes.verified(note, keys)
    except NoteError:
        return False
    return text == _manifest_text(manifest, origin) and origin in names


def _manifest_text(manifest: bytes, origin: str) -> str:
    return f"{VERSION}\n{origin}\n{sha256(manifest).hexdigest()}\n"


# ---- proofs ----------------------------------------------------------------------------------------------------------


def entry(height: int, hashed: bytes) -> bytes:
    """Return 33 bytes of a file of proofs."""
    return bytes([height]) + hashed


def entries_in(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield heights and hashes; what is too short at the end is left out."""
    with path.open("rb") as file:
        while piece := file.read(ENTRY_BYTES * READ_ENTRIES):
            for at in range(0, len(piece) - HASH_BYTES, ENTRY_BYTES):
                yield piece[at], piece[at + 1 : at + ENTRY_BYTES]


def grown(folder: Path, manifest: Manifest) -> Edge:
    """Return the tree that the proofs of an export make. Errors: ValueError."""
    edge = Edge()
    for number in range(1, len(manifest.parts) + 1):
        for height, hashed in entries_in(folder / proofs_file(number)):
            edge.append(0 if height == ROW else height, hashed)
    return edge

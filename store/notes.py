"""Signed notes and the checkpoints in them: C2SP signed-note, tlog-checkpoint and tlog-cosignature.

The text of a checkpoint is three lines: the origin, the size of the tree, its root in base64. An empty line follows,
and a line for each signature; those of unknown keys are passed over, so keys can change and witnesses can sign too.
"""

import base64
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE, COSIGNATURE = 1, 4  # kinds of keys
KEY_BYTES, KEY_ID_BYTES, TIME_BYTES = 32, 4, 8
ROOT_BYTES = 32
SIGNATURES_MAX = 64
NOTE_CHARACTERS_MAX = 65_536
MARK = "— "
CONTROLS = re.compile(r"[\0-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """What is said to be a key or a signed note is none, or nobody whom we trust has signed it."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.__doc__ or ""


class VerifierKey(NamedTuple):
    """A public key, as it is published: `name+id+base64`."""

    name: str
    public: bytes
    kind: int = SIGNATURE

    def id(self) -> bytes:
        """Return the four bytes that name it in a signature."""
        return sha256(self.name.encode() + b"\n" + self._material()).digest()[:KEY_ID_BYTES]

    def text(self) -> str:
        """Return what others are told."""
        return f"{self.name}+{self.id().hex()}+{base64.b64encode(self._material()).decode()}"

    def _material(self) -> bytes:
        return bytes([self.kind]) + self.public


class Signature(NamedTuple):
    """A line below a note."""

    name: str
    key_id: bytes
    signed: bytes


class Checkpoint(NamedTuple):
    """What a signed note says of a tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return what is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def is_key_name(name: str) -> bool:
    """Tell whether a key may be called so."""
    return bool(name) and "+" not in name and name.isprintable() and not re.search(r"\s", name)


def read_key(text: str) -> VerifierKey:
    """Read a published key. Errors: NoteError."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    material = _decoded(encoded)
    if not is_key_name(name) or len(material) != 1 + KEY_BYTES or material[0] not in (SIGNATURE, COSIGNATURE):
        message = f"{text.strip()[:100]!r} is not a public key: write it as NAME+ID+BASE64."
        raise NoteError(message)
    key = VerifierKey(name, material[1:], material[0])
    if key.id().hex() != key_id:
        message = f"The id of the key {name} does not fit it."
        raise NoteError(message)
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def sign(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """Return the line by which a key signs a text."""
    key = VerifierKey(name, private.public_key().public_bytes_raw())
    return f"{MARK}{name} {base64.b64encode(key.id() + private.sign(text.encode())).decode()}\n"


def split(note: str) -> tuple[str, list[Signature]]:
    """Return the text of a note and its signatures, none of them verified. Errors: NoteError."""
    text, found, lines = note.rpartition("\n\n")
    if not found or not lines.endswith("\n") or len(note) > NOTE_CHARACTERS_MAX or CONTROLS.search(note):
        message = "This is not a signed note."
        raise NoteError(message)
    return text + "\n", signatures(lines)


def signatures(lines: str) -> list[Signature]:
    """Read lines of signatures. Errors: NoteError."""
    found = [_signature(line) for line in lines.removesuffix("\n").split("\n")]
    if len(found) > SIGNATURES_MAX:
        message = f"A note has at most {SIGNATURES_MAX} signatures."
        raise NoteError(message)
    return found


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(MARK).partition(" ")
    signed = _decoded(encoded)
    if not line.startswith(MARK) or not is_key_name(name) or len(signed) <= KEY_ID_BYTES:
        message = "A line below the note is no signature."
        raise NoteError(message)
    return Signature(name, signed[:KEY_ID_BYTES], signed[KEY_ID_BYTES:])


def names(note: str, key: VerifierKey) -> bool:
    """Tell whether a note has a signature that is said to be this key's. Errors: NoteError."""
    return any((signature.name, signature.key_id) == (key.name, key.id()) for signature in split(note)[1])


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note. Errors: NoteError."""
    lines = text.removesuffix("\n").split("\n")
    root = _decoded(lines[2]) if len(lines) > 2 else b""  # noqa: PLR2004 - origin, size, root
    if len(root) != ROOT_BYTES or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1], re.ASCII):
        message = "This is not a checkpoint."
        raise NoteError(message)
    return Checkpoint(lines[0], int(lines[1]), root)


def verified(note: str, keys: Iterable[VerifierKey]) -> tuple[str, set[str]]:
    """Return the text of a note, and the names of those of these keys that signed it. Errors: NoteError."""
    text, found = split(note)
    return text, {key.name for key in keys if any(_is_of(signature, key, text) for signature in found)}


def opened(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that one of these keys signed, under its own name. Errors: NoteError."""
    text, names = verified(note, keys)
    checkpoint = read_checkpoint(text)
    if checkpoint.origin not in names:
        message = f"No key that is trusted has signed this checkpoint of {checkpoint.origin}."
        raise NoteError(message)
    return checkpoint


def cosigners(text: str, lines: str, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Return the witnesses among these keys that signed a text. Errors: NoteError."""
    found = signatures(lines)
    return [key for key in keys if any(_is_of(signature, key, text) for signature in found)]


def _is_of(signature: Signature, key: VerifierKey, text: str) -> bool:
    """Tell whether a key made a signature; one that names the key and is not its own is refused with NoteError."""
    if (signature.name, signature.key_id) != (key.name, key.id()):
        return False
    signed, message = signature.signed, text
    if key.kind == COSIGNATURE:
        time, signed = signed[:TIME_BYTES], signed[TIME_BYTES:]
        message = f"cosignature/v1\ntime {int.from_bytes(time, 'big')}\n{text}"
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signed, message.encode())
    except InvalidSignature as error:
        reason = f"The signature of {key.name} is not the key's."
        raise NoteError(reason) from error
    return True

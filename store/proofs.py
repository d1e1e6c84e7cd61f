"""Proofs that anybody can check: that an event is in a signed tree, and that one tree grew out of another.

A proof file is C2SP tlog-proof: the leaf of the event as `extra`, its index, the hashes up to the root, the checkpoint.
"""

import base64
import re
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import merkle, notes, tree
from store.leaves import Leaf, LeafError, leaves_after, read_leaf
from store.merkle import HASH_BYTES
from store.notes import Checkpoint, NoteError, VerifierKey
from store.tree import SignedCheckpoint

FORMAT = "c2sp.org/tlog-proof@v1"


class NotSignedError(Exception):
    """No checkpoint covers this position yet."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class ProofError(ValueError):
    """The proof does not hold."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.__doc__ or ""


class Proof(NamedTuple):
    """What a proof file says."""

    leaf: bytes
    leaf_index: int
    hashes: list[bytes]
    note: str

    def text(self) -> str:
        """Return the file."""
        encoded = [base64.b64encode(each).decode() for each in (self.leaf, *self.hashes)]
        return "\n".join([FORMAT, f"extra {encoded[0]}", f"index {self.leaf_index}", *encoded[1:], "", self.note])


async def covering_checkpoint(
    connection: AsyncConnection[TupleRow], position: int, size: int | None = None
) -> SignedCheckpoint:
    """Return the checkpoint of a size, or the newest, that covers a position. Errors: NotSignedError."""
    if size is None:
        found = await tree.latest_checkpoint(connection)
    else:
        found = next(iter(await tree.checkpoints_between(connection, size, size)), None)
    if found is None or not 0 < position <= found.size:
        raise NotSignedError
    return found


async def inclusion(connection: AsyncConnection[TupleRow], position: int, size: int) -> tuple[bytes, list[bytes]]:
    """Return the hash of an event in the tree of a size, and the hashes that prove it. Errors: TileMissingError."""
    index = position - 1
    leaf, *proof = await tree.roots(connection, [(index, index + 1), *merkle.inclusion_ranges(index, size)])
    return leaf, proof


async def consistency(connection: AsyncConnection[TupleRow], old: int, size: int) -> list[bytes]:
    """Return the hashes that prove that the tree of a size grew out of a smaller one. Errors: TileMissingError."""
    return await tree.roots(connection, merkle.consistency_ranges(old, size)) if old else []


async def prove(connection: AsyncConnection[TupleRow], position: int, size: int | None = None) -> Proof:
    """Return the proof of an event, with the event. Errors: NotSignedError, TileMissingError, ProofError."""
    signed = await covering_checkpoint(connection, position, size)
    hashed, hashes = await inclusion(connection, position, signed.size)
    for leaf in await leaves_after(connection, position - 1, 1):
        if merkle.leaf_hash(leaf) == hashed and _is_led_to(signed, position - 1, hashed, hashes):
            return Proof(leaf, position - 1, hashes, signed.note)
    raise ProofError


def _is_led_to(signed: SignedCheckpoint, index: int, hashed: bytes, hashes: list[bytes]) -> bool:
    """Tell whether hashes lead to the root that a checkpoint says, whoever signed it."""
    try:
        checkpoint = notes.read_checkpoint(notes.split(signed.note)[0])
    except NoteError:
        return False
    return checkpoint.size == signed.size and merkle.includes(checkpoint.root, signed.size, index, hashed, hashes)


def read_proof(text: str) -> Proof:
    """Read a proof file. Errors: ProofError."""
    head, found, note = text.partition("\n\n")
    lines = re.fullmatch(rf"{re.escape(FORMAT)}\nextra (\S+)\nindex (0|[1-9][0-9]{{0,18}})((?:\n\S+)*)", head, re.ASCII)
    if not found or not lines:
        message = "This is not the proof of an event."
        raise ProofError(message)
    try:
        leaf, *hashes = [base64.b64decode(each, validate=True) for each in (lines[1], *lines[3].split())]
    except ValueError as error:
        raise ProofError from error
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError
    return Proof(leaf, int(lines[2]), hashes, note)


def checked(proof: Proof, keys: list[VerifierKey], kept: Checkpoint | None = None) -> tuple[Leaf, Checkpoint]:
    """Return the event that is proved, and the checkpoint that proves it; `kept` replaces the one in the file.

    Errors: ProofError.
    """
    try:
        leaf, checkpoint = read_leaf(proof.leaf), kept or notes.opened(proof.note, keys)
    except LeafError as error:
        message = "The proof is not about an event."
        raise ProofError(message) from error
    except NoteError as error:
        raise ProofError(str(error)) from error
    hashed = merkle.leaf_hash(proof.leaf)
    if leaf.position != proof.leaf_index + 1:
        raise ProofError
    if not merkle.includes(checkpoint.root, checkpoint.size, proof.leaf_index, hashed, proof.hashes):
        message = f"The event is not in the tree that the checkpoint of {checkpoint.size} was signed for."
        raise ProofError(message)
    return leaf, checkpoint

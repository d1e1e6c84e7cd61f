"""The wire shapes of proofs; hashes are base64, as in checkpoints."""

from datetime import datetime

import msgspec


class InclusionProof(msgspec.Struct, frozen=True):
    """That the event at `position` is in the tree of `size`: RFC 6962, 2.1.1, from the sibling of the leaf to the root.

    `leaf_hash` is the SHA-256 of a zero byte and the event as it is stored; the leaf's index is `position` - 1.
    `checkpoint` is what was signed of this tree.
    """

    position: int
    size: int
    leaf_hash: str
    hashes: tuple[str, ...]
    checkpoint: str


class ConsistencyProof(msgspec.Struct, frozen=True, rename={"from_size": "from", "to_size": "to"}):
    """That the tree of `to` events grew out of that of the first `from`: RFC 6962, 2.1.2."""

    from_size: int
    to_size: int
    hashes: tuple[str, ...]


class CheckpointKey(msgspec.Struct, frozen=True):
    """A key that has signed checkpoints since a time, as C2SP writes one: name, id and public key."""

    key: str
    since: datetime


class CheckpointKeys(msgspec.Struct, frozen=True):
    """All keys that there ever were; the last one signs now."""

    items: tuple[CheckpointKey, ...]

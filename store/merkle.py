"""Merkle trees as in RFC 6962, kept in tiles of 256 hashes (C2SP tlog-tiles): pure, and knowing nothing of events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
TILE_HASHES = 256
TILE_HEIGHT = 8  # of the subtree over a tile
TILE_BYTES = TILE_HASHES * HASH_BYTES
EMPTY_ROOT = sha256(b"").digest()

Range = tuple[int, int]
"""Leaves by index, from the first up to the one before the second."""
Tiles = Mapping[tuple[int, int], bytes]
"""The hashes of tiles, by level and number."""


class Part(NamedTuple):
    """Hashes of one tile: `first` is the index of the first of them within the level."""

    level: int
    first: int
    hashes: bytes


class TileMissingError(Exception):
    """A tile that should be there is not, or not far enough."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\0" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> bytes:
    """Return the hashes of leaves, one after the other."""
    return b"".join([sha256(b"\0" + leaf).digest() for leaf in leaves])


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def perfect_root(hashes: bytes) -> bytes:
    """Return the root over a number of hashes that is a power of two."""
    pair = 2 * HASH_BYTES
    while len(hashes) > HASH_BYTES:
        hashes = b"".join([sha256(b"\1" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)])
    return hashes


def _joined(subtrees: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees, which become smaller from left to right."""
    root = subtrees[-1]
    for subtree in reversed(subtrees[:-1]):
        root = node_hash(subtree, root)
    return root


def _subtrees(hashes: bytes) -> list[bytes]:
    """Return the roots of the largest perfect subtrees over some hashes, from left to right."""
    roots: list[bytes] = []
    while hashes:
        length = HASH_BYTES << (len(hashes) // HASH_BYTES).bit_length() - 1
        roots.append(perfect_root(hashes[:length]))
        hashes = hashes[length:]
    return roots


# ---- a tree that grows -----------------------------------------------------------------------------------------------


class Tree:
    """The right edge of a tree: of each level the last tile, while it is not full."""

    def __init__(self, size: int = 0, edges: Sequence[bytes] = ()) -> None:
        self.size = size
        self._edges = list(edges)

    def append(self, hashes: bytes) -> list[Part]:
        """Take in hashes of leaves, and return what there is new on each level."""
        parts: list[Part] = []
        level, new = 0, hashes
        while new:
            first = self.size >> TILE_HEIGHT * level
            found = list(self._extended(level, first, new))
            parts += found
            new = b"".join([tile for tile in self._finished(level, found) if tile])
            level += 1
        self.size += len(hashes) // HASH_BYTES
        return parts

    def _extended(self, level: int, first: int, hashes: bytes) -> Iterable[Part]:
        """Cut hashes that are new on a level where tiles end."""
        if level == len(self._edges):
            self._edges.append(b"")
        at, room = 0, TILE_BYTES - len(self._edges[level])
        while at < len(hashes):
            part = Part(level, first + at // HASH_BYTES, hashes[at : at + room])
            yield part
            at, room = at + len(part.hashes), TILE_BYTES

    def _finished(self, level: int, parts: Iterable[Part]) -> Iterable[bytes]:
        """Return the roots of the tiles that these parts fill, and keep the rest."""
        for part in parts:
            edge = self._edges[level] + part.hashes
            is_full = len(edge) == TILE_BYTES
            self._edges[level] = b"" if is_full else edge
            yield perfect_root(edge) if is_full else b""

    def root(self) -> bytes:
        """Return the root as of now."""
        subtrees = [root for edge in reversed(self._edges) for root in _subtrees(edge)]
        return _joined(subtrees) if subtrees else EMPTY_ROOT


class Edge:
    """The right edge of a tree that grows by subtrees of which only the roots need be known."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[tuple[int, bytes]] = []  # heights become smaller from left to right

    def append(self, height: int, root: bytes) -> None:
        """Take in the next subtree, whose leaves are two to the power of its height. Errors: ValueError."""
        if self.size & ((1 << height) - 1):
            raise ValueError(height)
        self.size += 1 << height
        while self._subtrees and self._subtrees[-1][0] == height:
            root = node_hash(self._subtrees.pop()[1], root)
            height += 1
        self._subtrees.append((height, root))

    def root(self) -> bytes:
        """Return the root as of now."""
        return _joined([root for _, root in self._subtrees]) if self._subtrees else EMPTY_ROOT


def subtrees_between(begin: int, end: int) -> Iterator[Range]:
    """Cut a range into as few subtrees as an Edge takes in."""
    while begin < end:
        width = min(begin & -begin or end, 1 << (end - begin).bit_length() - 1)
        yield begin, begin + width
        begin += width


# ---- proofs ----------------------------------------------------------------------------------------------------------


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose roots prove that a leaf is in the tree of a size: PATH of RFC 6962, 2.1.1."""
    assert 0 <= index < size
    begin, end, ranges = 0, size, list[Range]()
    while end - begin > 1:
        middle = _middle(begin, end)
        ranges.append((middle, end) if index < middle else (begin, middle))
        begin, end = (begin, middle) if index < middle else (middle, end)
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """Return the ranges whose roots prove that a tree grew out of a smaller one: PROOF of RFC 6962, 2.1.2."""
    assert 0 < old <= size
    begin, end, ranges = 0, size, list[Range]()
    while old < end:
        middle = _middle(begin, end)
        ranges.append((middle, end) if old <= middle else (begin, middle))
        begin, end = (begin, middle) if old <= middle else (middle, end)
    return [(begin, end), *ranges[::-1]] if begin else ranges[::-1]


def _middle(begin: int, end: int) -> int:
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def tiles_under(ranges: Iterable[Range]) -> set[tuple[int, int]]:
    """Name the tiles that the roots of these ranges are made from."""
    nodes = {node for begin, end in ranges for node in _nodes(begin, end)}
    return {(height // TILE_HEIGHT, index >> TILE_HEIGHT - height % TILE_HEIGHT) for height, index in nodes}


def root_of(begin: int, end: int, tiles: Tiles) -> bytes:
    """Return the root of a range that is one of a proof, or a whole tree. Errors: TileMissingError."""
    subtrees = [_node(height, index, tiles) for height, index in _nodes(begin, end)]
    return _joined(subtrees) if subtrees else EMPTY_ROOT


def _nodes(begin: int, end: int) -> Iterable[tuple[int, int]]:
    """Return the perfect subtrees of a range, by height and index: `begin` is a multiple of the first one's width."""
    while begin < end:
        height = (end - begin).bit_length() - 1
        yield height, begin >> height
        begin += 1 << height


def _node(height: int, index: int, tiles: Tiles) -> bytes:
    level, above = divmod(height, TILE_HEIGHT)
    number, first = divmod(index << above, TILE_HASHES)
    hashes = tiles.get((level, number), b"")[first * HASH_BYTES : (first + (1 << above)) * HASH_BYTES]
    if len(hashes) != HASH_BYTES << above:
        raise TileMissingError(level, number)
    return perfect_root(hashes)


# ---- whoever holds a proof -------------------------------------------------------------------------------------------


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether this proves the hash of a leaf at an index of a tree: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            at, last = _up_to_a_right_node(at, last)
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(root: bytes, size: int, old_root: bytes, old: int, proof: Sequence[bytes]) -> bool:
    """Tell whether this proves that a tree grew out of a smaller one: RFC 9162, 2.1.4.2."""
    if old in (0, size):
        return not proof and old_root == (EMPTY_ROOT if old == 0 else root)
    if not 0 < old < size or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            at, last = _up_to_a_right_node(at, last)
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root


def _up_to_a_right_node(at: int, last: int) -> tuple[int, int]:
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last

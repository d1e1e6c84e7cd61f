"""The tree agrees with RFC 6962 as somebody else has written it, at every size and whatever it is fed with at once."""

from functools import cache
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from store import merkle
from store.merkle import HASH_BYTES, TILE_HASHES, Tree

SIZE = 1100
LEAVES = [f"leaf {number}".encode() * (number % 7) for number in range(70_000)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]

sizes = st.integers(1, SIZE)


@cache
def judge() -> InmemoryTree:
    """Return the tree of the peer over the first leaves."""
    tree = InmemoryTree(algorithm="sha256")
    for leaf in LEAVES[:SIZE]:
        tree.append_entry(leaf)
    return tree


@cache
def stored(size: int = SIZE) -> dict[tuple[int, int], bytes]:
    """Return the tiles of the tree."""
    tiles: dict[tuple[int, int], bytes] = {}
    for level, first, hashes in Tree().append(b"".join(HASHES[:size])):
        tile = level, first // TILE_HASHES
        assert first % TILE_HASHES * HASH_BYTES == len(tiles.get(tile, b""))
        tiles[tile] = tiles.get(tile, b"") + hashes
    return tiles


def roots(ranges: list[merkle.Range], size: int = SIZE) -> list[bytes]:
    tiles = {name: stored(size).get(name, b"") for name in merkle.tiles_under(ranges)}
    return [merkle.root_of(begin, end, tiles) for begin, end in ranges]


def mth(hashes: list[bytes]) -> bytes:
    """MTH as RFC 6962 writes it, 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def subproof(m: int, hashes: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962 writes it, 2.1.2."""
    n = len(hashes)
    if m == n:
        return [] if whole else [mth(hashes)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return [*subproof(m, hashes[:k], whole=whole), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], whole=False), mth(hashes[:k])]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Tree().root() == merkle.root_of(0, 0, {}) == sha256().digest()
    assert Tree().append(b"") == []


@given(st.lists(st.integers(0, 400), max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_root_is_the_peers_however_the_tree_grew(steps: list[int]) -> None:
    tree = Tree()
    for step in steps:
        new = HASHES[tree.size : min(tree.size + step, SIZE)]
        tree.append(b"".join(new))
        assert tree.size == 0 or tree.root() == judge().get_root(tree.size) == roots([(0, tree.size)])[0]


@given(sizes, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_peer_accepts_what_we_prove_of_a_leaf_and_we_what_it_does(size: int, chance: Random) -> None:
    index = chance.randrange(size)
    [root], proof = roots([(0, size)]), roots(merkle.inclusion_ranges(index, size))
    theirs = judge().prove_inclusion(index + 1, size)
    theirs.verify(HASHES[index], root, index=index + 1, size=size)
    assert set(theirs.path) == {*proof, HASHES[index]}
    assert merkle.includes(root, size, index, HASHES[index], proof)


@given(sizes, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_peer_accepts_what_we_prove_of_growth_and_we_what_it_does(size: int, chance: Random) -> None:
    old = chance.randint(1, size)
    [old_root, root], proof = roots([(0, old), (0, size)]), roots(merkle.consistency_ranges(old, size))
    theirs = judge().prove_consistency(old, size)
    theirs.verify(old_root, root)
    assert proof == subproof(old, HASHES[:size], whole=True)
    assert merkle.extends(root, size, old_root, old, proof)


@given(sizes, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_proof_with_anything_wrong_is_none(size: int, chance: Random) -> None:
    index, old = chance.randrange(size), chance.randint(1, size)
    [old_root, root] = roots([(0, old), (0, size)])
    of_leaf, of_growth = roots(merkle.inclusion_ranges(index, size)), roots(merkle.consistency_ranges(old, size))
    other = sha256(b"other").digest()
    for wrong in (other, *([HASHES[index - 1]] if size > 1 else [])):
        assert not merkle.includes(root, size, index, wrong, of_leaf)
    assert not merkle.includes(other, size, index, HASHES[index], of_leaf)
    assert not merkle.extends(other, size, old_root, old, of_growth)
    assert not merkle.extends(root, size, other, old, of_growth)
    for place in range(len(of_leaf)):
        changed = [*of_leaf[:place], other, *of_leaf[place + 1 :]]
        assert not merkle.includes(root, size, index, HASHES[index], changed)
    for place in range(len(of_growth)):
        assert not merkle.extends(root, size, old_root, old, [*of_growth[:place], other, *of_growth[place + 1 :]])
    for longer in ([*of_leaf, other], of_leaf[:-1] if of_leaf else [other]):
        assert not merkle.includes(root, size, index, HASHES[index], longer)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (6, 5), (0, 0)])
def test_nothing_is_proved_outside_of_a_tree(index: int, size: int) -> None:
    assert not merkle.includes(HASHES[0], size, index, HASHES[0], [])


def test_a_tree_grows_out_of_nothing_and_out_of_itself() -> None:
    [root] = roots([(0, 9)])
    assert merkle.extends(root, 9, merkle.EMPTY_ROOT, 0, [])
    assert merkle.extends(root, 9, root, 9, [])
    assert not merkle.extends(root, 9, root, 0, [])
    assert not merkle.extends(root, 9, root, 9, [root])
    assert not merkle.extends(root, 9, root, 10, [])


def test_a_tree_of_three_levels_goes_on_from_its_edges() -> None:
    whole, size = Tree(), 66_000
    whole.append(b"".join(HASHES[:size]))
    edges = [stored(size).get((level, (size >> 8 * level) // 256), b"") for level in range(3)]
    resumed = Tree(size, edges)
    assert resumed.root() == whole.root() == roots([(0, size)], size)[0]
    assert resumed.append(b"".join(HASHES[size:])) == whole.append(b"".join(HASHES[size:]))
    assert resumed.root() == whole.root()


def test_a_tile_that_is_missing_is_said_to_be() -> None:
    with pytest.raises(merkle.TileMissingError):
        merkle.root_of(0, 256, {(0, 0): bytes(8160)})

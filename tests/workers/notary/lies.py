"""What a superuser with time and malice does to a book of 610 events, signed at 200, 400 and 600."""

import base64
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store import notes, tree
from store.connections import connect
from store.leaves import leaves_after
from store.merkle import Tree, leaf_hash
from store.notes import Checkpoint
from tests.workers.notary.books import NAME, notarize

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HASH = "sha256('lie')"


class Lie(NamedTuple):
    """What is done, and what must be found: positions, and words. `needs_kept`: with the checkpoint of 600 at hand."""

    name: str
    tell: Callable[[str], Awaitable[None]]
    positions: tuple[int, ...]
    says: str
    needs_kept: bool = False
    is_perfect: bool = False


def execute(url: str, statement: str) -> None:
    """Do it as the superuser, with triggers off."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for one in statement.split(";"):
            connection.execute(one.encode())


def lie(name: str, statement: str, *positions: int, says: str = "", needs_kept: bool = False) -> Lie:
    async def tell(url: str) -> None:
        execute(url, statement)

    return Lie(name, tell, positions, says, needs_kept)


def changed(name: str, assignment: str, *positions: int, says: str = "is not the one in the tree") -> Lie:
    """Update those rows of the log."""
    places = ", ".join(map(str, positions))
    return lie(name, f"UPDATE book.log SET {assignment} WHERE position IN ({places})", *positions, says=says)


def note_changed(name: str, assignment: str, says: str) -> Lie:
    return lie(name, f"UPDATE book.signed_checkpoints SET {assignment} WHERE size = 400", says=says)


def shift(after: int, by: int) -> str:
    """Renumber what follows, its ends of appends too."""
    return (
        f"UPDATE book.log SET position = -1000000 - position WHERE position > {after};"
        f"UPDATE book.log SET position = -1000000 - position + ({by}), append_end = append_end + ({by})"
        " WHERE position < -1000000"
    )


COPY = """
    INSERT INTO book.log
    SELECT {0}, 'teams-lie', 1, type, data, meta, {0}, recorded_at FROM book.log WHERE position = 7
"""
SWAP = """
    UPDATE book.log AS one SET {0} = other.{0} FROM (SELECT * FROM book.log WHERE position IN (300, 310)) AS other
    WHERE one.position IN (300, 310) AND other.position = 610 - one.position
"""
SWAP_POSITIONS = """
    UPDATE book.log SET position = -position WHERE position IN (20, 21);
    UPDATE book.log SET position = 41 + position, append_end = 41 + position WHERE position < 0
"""
OVERLAY = "overlay(hashes PLACING {0} FROM {1} FOR 32)"


async def new_tiles(url: str, *, up_to: int | None = None) -> None:
    """Make the tree anew from the log as it is now."""
    execute(url, "DELETE FROM book.tiles")
    async with await connect(url) as connection:
        leaves = (await leaves_after(connection, 0, 10_000))[: up_to or 600]
        await tree.save_parts(connection, Tree().append(b"".join(map(leaf_hash, leaves))))


async def new_notary(url: str) -> None:
    """Have it all signed anew, with the book's own key: the liar holds the master key."""
    execute(
        url,
        "DELETE FROM book.tiles; DELETE FROM book.signed_checkpoints; DELETE FROM operations.checkpoints",
    )
    await notarize(url)


async def rewrite(url: str) -> None:
    execute(url, "UPDATE book.log SET data = '{}' WHERE position = 300")
    await new_notary(url)


async def truncate(url: str) -> None:
    execute(url, "DELETE FROM book.log WHERE position > 540")
    await new_notary(url)


async def rewrite_with_a_new_key(url: str) -> None:
    execute(url, "DELETE FROM book.signing_keys")
    await rewrite(url)


async def tree_over_a_changed_event(url: str) -> None:
    execute(url, "UPDATE book.log SET data = '{}' WHERE position = 300")
    await new_tiles(url)


async def tree_over_a_shorter_log(url: str) -> None:
    execute(
        url,
        "DELETE FROM book.log WHERE position > 540; UPDATE operations.checkpoints SET position = 540",
    )
    await new_tiles(url, up_to=540)


async def tree_over_a_tail_rewritten(url: str) -> None:
    execute(url, "UPDATE book.log SET recorded_at = recorded_at + interval '1 day' WHERE position > 450")
    await new_tiles(url)


async def sign_as_a_stranger(url: str, size: int = 600, name: str = NAME) -> None:
    async with await connect(url) as connection:
        [root] = await tree.roots(connection, [(0, size)])
    text = Checkpoint(name, size, root).text()
    note = f"{text}\n{notes.sign(text, name, STRANGER)}"
    execute(url, f"UPDATE book.signed_checkpoints SET note = $note${note}$note$ WHERE size = {size}")


async def put_in_a_key(url: str) -> None:
    public = STRANGER.public_key().public_bytes_raw().hex()
    execute(url, f"INSERT INTO book.signing_keys SELECT 2, name, '\\x{public}', sealed FROM book.signing_keys")
    await sign_as_a_stranger(url)


async def swap_the_key(url: str) -> None:
    public = STRANGER.public_key().public_bytes_raw().hex()
    execute(url, f"UPDATE book.signing_keys SET public_key = '\\x{public}'")
    for size in (200, 400, 600):
        await sign_as_a_stranger(url, size)


ROOT = base64.b64encode(bytes(32)).decode()

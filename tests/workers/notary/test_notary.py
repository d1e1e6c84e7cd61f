"""The notary: what is recorded is signed, once, by one of several; nothing that is honest raises an alarm."""

import asyncio
import base64
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count, pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from store import merkle, notes, proofs, signing_keys, tree
from store.connections import connect
from store.leaves import LeafError, leaves_after, read_leaf, told_in
from store.proofs import NotSignedError, ProofError
from tests.books import KEY, ORIGIN, ask, opened, places, until
from tests.conftest import cloned
from tests.domain.samples import profile
from tests.store.test_notes import verified
from tests.workers.notary.books import NAME, SETTINGS, append, is_signed, latest, notarize, notarizing, verdict
from workers.notary import notary

STREAMS = st.lists(st.sampled_from([f"teams-{number}" for number in range(12)]), min_size=1, max_size=5, unique=True)
HISTORIES = st.lists(st.lists(STREAMS, max_size=90), min_size=1, max_size=3)


@given(HISTORIES)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_honest_history_raises_no_alarm_however_it_was_signed(
    server_url: str, template: str, history: list[list[list[str]]]
) -> None:
    with cloned(server_url, template) as url:
        asyncio.run(_live(url, history))


async def _live(url: str, history: list[list[list[str]]]) -> None:
    """Append and sign by turns; keep each checkpoint, and hold the book to all of them at the end."""
    versions: Counter[str] = Counter()
    kept: list[str] = []
    for appends in history:
        await append(url, appends, versions)
        if appends or kept:
            kept.append((await notarize(url)).note)
    found = await verdict(url, kept)
    assert found.findings == ()
    assert found.head == found.signed == sum(map(len, (streams for appends in history for streams in appends)))
    async with await connect(url) as connection:
        by_size = sorted({notes.read_checkpoint(notes.split(note)[0]) for note in kept}, key=lambda it: it.size)
        for old, new in pairwise(by_size):
            proof = await proofs.consistency(connection, old.size, new.size)
            assert merkle.extends(new.root, new.size, old.root, old.size, proof)


async def test_what_is_signed_is_the_tree_of_the_leaves_under_the_key_that_is_published(database_url: str) -> None:
    await append(database_url, [[f"teams-{i}"] for i in range(300)])
    note = (await notarize(database_url)).note
    async with await connect(database_url) as connection:
        [published] = await signing_keys.published_keys(connection)
        leaves = await leaves_after(connection, 0, 1000)
    whole = merkle.Tree()
    whole.append(b"".join(map(merkle.leaf_hash, leaves)))
    assert verified(note, published.key.text()) == f"{NAME}\n300\n{base64.b64encode(whole.root()).decode()}\n"
    assert (await places(database_url))[tree.READER].position == 300


async def test_a_leaf_says_all_that_is_stored(database_url: str) -> None:
    await append(database_url, [["teams-1", "teams-2"], ["teams-1"]])
    async with await connect(database_url) as connection:
        leaves = await leaves_after(connection, 0, 10)
    columns = "position, version, append_end, recorded_at, stream, type, data, meta"
    assert [tuple(read_leaf(leaf)) for leaf in leaves] == ask(
        database_url,
        f"SELECT {columns} FROM book.log ORDER BY position",
    )
    told = ask(database_url, "SELECT position, stream, type, data FROM book.log ORDER BY position")
    assert [told_in(leaf) for leaf in leaves] == told
    for wrong in (
        b"",
        leaves[0][:-1],
        leaves[0] + b"\0",
        b"\0\7" + leaves[0][2:],
        leaves[0].replace(b"teams", b"\xff" * 5),
    ):
        with pytest.raises(LeafError):
            read_leaf(wrong)


async def test_large_events_are_taken_in_few_at_a_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.leaves.BATCH_BYTES_MAX", 1)
    await append(database_url, [[f"teams-{i}"] for i in range(5)])
    async with await connect(database_url) as connection:
        assert [len(await leaves_after(connection, place, 10)) for place in range(6)] == [1, 1, 1, 1, 1, 0]
    await notarize(database_url)
    assert (await verdict(database_url)).findings == ()


async def test_of_several_notaries_one_signs_and_another_goes_on_when_it_is_gone(database_url: str) -> None:
    async with AsyncExitStack() as notaries:
        for _ in range(3):
            await notaries.enter_async_context(notarizing(database_url))
        await append(database_url, [[f"teams-{i}"] for i in range(50)])
        await until(lambda: is_signed(database_url))
        ask(
            database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s",
            7121402827 & 0xFFFFFFFF,
        )
        await append(database_url, [[f"awards-{i}"] for i in range(50)])
        await until(lambda: is_signed(database_url))
    assert (await verdict(database_url)).findings == ()


async def test_a_log_that_never_rests_is_signed_too(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count(1)

    async def read_what_somebody_has_just_written(
        connection: AsyncConnection[TupleRow], position: int, limit: int
    ) -> list[bytes]:
        await append(database_url, [[f"teams-{next(numbers)}"]])
        return await leaves_after(connection, position, limit)

    await append(database_url, [["teams-before"]])
    monkeypatch.setattr(notary, "leaves_after", read_what_somebody_has_just_written)

    async def is_anything_signed() -> bool:
        return await latest(database_url) is not None

    async with notarizing(database_url):
        await until(is_anything_signed)


async def test_an_event_with_a_time_that_is_none_does_not_end_the_notary(database_url: str) -> None:
    await append(database_url, [["teams-1"], ["teams-2"]])
    ask(
        database_url,
        "SET session_replication_role = replica; UPDATE book.log SET recorded_at = 'infinity' WHERE position = 2",
    )
    assert (await notarize(database_url)).size == 2


async def test_who_trusts_an_old_key_finds_the_new_one_beside_its_signature(database_url: str) -> None:
    await append(database_url, [["teams-1"]])
    first = await notarize(database_url)
    async with await connect(database_url) as connection:
        for _ in range(2):  # in a row, while nothing was signed
            await signing_keys.rotate(connection, KEY, NAME)
        old, _, new = [published.key for published in await signing_keys.published_keys(connection)]
    await append(database_url, [["teams-2"]])
    second = await notarize(database_url)
    await append(database_url, [["teams-3"]])
    third = await notarize(database_url)
    assert [notes.names(each.note, old) for each in (first, second, third)] == [True, True, False]
    assert [notes.names(each.note, new) for each in (first, second, third)] == [False, True, True]
    assert notes.opened(second.note, [old]) == notes.opened(second.note, [new])
    assert (await verdict(database_url, [first.note, second.note, third.note])).findings == ()


async def test_a_book_under_a_new_name_has_a_new_key(database_url: str) -> None:
    await append(database_url, [["teams-1"]])
    await notarize(database_url)
    await append(database_url, [["teams-2"]])
    renamed = await notarize(database_url, replace(SETTINGS, checkpoint_origin="example.net/renamed"))
    assert renamed.note.startswith("example.net/renamed\n2\n")
    assert (await verdict(database_url, [renamed.note])).findings == ()


async def test_a_notary_does_not_sign_what_contradicts_what_was_signed(database_url: str) -> None:
    await append(database_url, [[f"teams-{i}"] for i in range(9)])
    signed = await notarize(database_url)
    [(right,)] = ask(database_url, "SELECT quote_literal(hashes) FROM book.tiles WHERE level = 0")
    assert isinstance(right, str)
    ask(
        database_url,
        "SET session_replication_role = replica;"
        "UPDATE book.tiles SET hashes = set_byte(hashes, 9, 255 - get_byte(hashes, 9)) WHERE level = 0",
    )
    await append(database_url, [["teams-9"]])

    async def is_stopped() -> bool:
        return (await places(database_url))[tree.READER].error is not None

    async with notarizing(database_url):
        await until(is_stopped)
    assert await latest(database_url) == signed
    ask(
        database_url,
        "SET session_replication_role = replica; UPDATE book.tiles SET hashes = $1 WHERE level = 0".replace(
            "$1", right
        ),
    )
    await notarize(database_url)
    assert (await places(database_url))[tree.READER].error is None
    assert (await verdict(database_url, [signed.note])).findings == ()


async def test_a_notary_does_not_sign_a_log_with_a_gap(database_url: str) -> None:
    await append(database_url, [[f"teams-{i}"] for i in range(9)])
    ask(database_url, "SET session_replication_role = replica; DELETE FROM book.log WHERE position = 4")

    async def is_stopped() -> bool:
        found = (await places(database_url)).get(tree.READER)
        return found is not None and found.error is not None

    async with notarizing(database_url):
        await until(is_stopped)
    assert await latest(database_url) is None


async def test_erasing_a_person_changes_no_proof(database_url: str) -> None:
    async with opened(database_url) as store:
        new = {"profile": profile(5), "team": None, "permissions": 0, "signups_default": True}
        await store.execute(ORIGIN, create_account, OPERATOR, **new)
    signed = await notarize(database_url)
    async with await connect(database_url) as connection:
        before = await proofs.prove(connection, 1)
    assert ask(database_url, "DELETE FROM book.keys RETURNING subject") != []
    async with await connect(database_url) as connection:
        assert await proofs.prove(connection, 1) == before
        [published] = await signing_keys.published_keys(connection)
    assert proofs.checked(before, [published.key])[0].type == "accounts.AccountCreated"
    assert (await verdict(database_url, [signed.note])).findings == ()


async def test_every_position_has_a_proof_that_holds_and_that_nobody_can_bend(database_url: str) -> None:
    await append(database_url, [[f"teams-{i % 7}"] for i in range(270)])
    await notarize(database_url)
    async with await connect(database_url) as connection:
        keys = [published.key for published in await signing_keys.published_keys(connection)]
        made = [await proofs.prove(connection, position) for position in (1, 2, 255, 256, 257, 269, 270)]
        with pytest.raises(NotSignedError):
            await proofs.prove(connection, 271)
        with pytest.raises(NotSignedError):
            await proofs.prove(connection, 1, 269)
    for proof in made:
        again = proofs.read_proof(proof.text())
        assert again == proof
        assert proofs.checked(again, keys)[0].position == proof.leaf_index + 1
        for bent in (
            proof._replace(leaf=proof.leaf.replace(b"teams", b"deeds")),
            proof._replace(leaf=made[3].leaf if proof != made[3] else made[0].leaf),
            proof._replace(leaf_index=proof.leaf_index + 1),
            proof._replace(hashes=proof.hashes[1:]),
            proof._replace(hashes=[*proof.hashes, bytes(32)]),
            proof._replace(note=proof.note.replace("\n270\n", "\n271\n")),
            proof._replace(note="trust me"),
            proof._replace(leaf=b"trust me"),
        ):
            with pytest.raises(ProofError):
                proofs.checked(bent, keys)
        with pytest.raises(ProofError):
            proofs.checked(proof, [])


@pytest.mark.parametrize(
    "change", ["UPDATE book.{0} SET {1} = {1}", "DELETE FROM book.{0}", "TRUNCATE book.{0} CASCADE"]
)
@pytest.mark.parametrize(
    ("table", "column"),
    [("tiles", "level"), ("signing_keys", "number"), ("signed_checkpoints", "size"), ("cosignatures", "size")],
)
def test_what_was_written_down_is_never_changed(shared_database_url: str, table: str, column: str, change: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        ask(shared_database_url, change.format(table, column))

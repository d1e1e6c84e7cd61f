"""Checkpoints and proofs over HTTP: anybody may have them, and they hold."""

import base64
from typing import Any

import pytest

from store import merkle, notes
from tests.api.book.problems import refused
from tests.workers.notary.books import NAME, latest, notarize
from tests.world import World


@pytest.fixture
async def signed(world: World, shared_database_url: str) -> tuple[int, int]:
    """Have the shared log signed twice, and return both sizes."""
    old = await notarize(shared_database_url)
    await world.bot()  # which is recorded
    return old.size, (await notarize(shared_database_url)).size


def hashes(answer: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(each) for each in answer["hashes"]]


async def test_the_newest_checkpoint_is_text_that_the_published_keys_verify(
    world: World, signed: tuple[int, int], shared_database_url: str
) -> None:
    answer = await world.anyone.get("/book/checkpoint")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    found = await latest(shared_database_url)
    assert found
    assert answer.text == found.note
    keys = [notes.read_key(each["key"]) for each in (await world.anyone.get("/book/keys")).json()["items"]]
    assert notes.opened(answer.text, keys)[:2] == (NAME, signed[1])
    assert (await world.anyone.get(f"/book/checkpoints/{signed[1]}")).text == answer.text


async def test_an_event_is_proved_to_be_in_a_signed_tree(world: World, signed: tuple[int, int]) -> None:
    for size in ("", f"&size={signed[0]}"):
        proof = (await world.anyone.get(f"/book/proofs/inclusion?position=2{size}")).json()
        checkpoint = notes.read_checkpoint(notes.split(proof["checkpoint"])[0])
        assert proof["position"] == 2
        assert proof["size"] == checkpoint.size in signed
        leaf = base64.b64decode(proof["leaf_hash"])
        assert merkle.includes(checkpoint.root, checkpoint.size, 1, leaf, hashes(proof))


async def test_a_tree_is_proved_to_have_grown_out_of_an_older_one(world: World, signed: tuple[int, int]) -> None:
    old, new = [
        notes.read_checkpoint(notes.split((await world.anyone.get(f"/book/checkpoints/{size}")).text)[0])
        for size in signed
    ]
    for to in ("", f"&to={new.size}"):
        proof = (await world.anyone.get(f"/book/proofs/consistency?from={old.size}{to}")).json()
        assert (proof["from"], proof["to"]) == (old.size, new.size)
        assert merkle.extends(new.root, new.size, old.root, old.size, hashes(proof))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("checkpoints/0", 404),
        ("checkpoints/x", 404),
        ("checkpoints/99999999999999999999", 404),
        ("checkpoints/9999999999", 404),
        ("proofs/inclusion", 400),
        ("proofs/inclusion?position=0", 400),
        ("proofs/inclusion?position=x", 400),
        ("proofs/inclusion?position=9999999999", 404),
        ("proofs/inclusion?position=2&size=1", 404),
        ("proofs/inclusion?position=2&size=x", 400),
        ("proofs/consistency", 400),
        ("proofs/consistency?from=2&to=1", 400),
        ("proofs/consistency?from=1&to=9999999999", 404),
        ("proofs/consistency?from=9999999999", 404),
    ],
)
async def test_what_cannot_be_proved_is_refused(world: World, signed: tuple[int, int], path: str, status: int) -> None:
    assert refused(await world.anyone.get(f"/book/{path}"))[0] == status

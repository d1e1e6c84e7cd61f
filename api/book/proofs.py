"""Signed checkpoints of the log, proofs, and the keys to verify them with.

They are for everybody: hashes give nothing away, since each event carries the random id of its append, and only what
everybody can keep holds the book to its word. The events themselves are shown to whom they were always shown.
"""

import base64
import re
from collections.abc import Iterable
from typing import Any

from litestar import Response

from api.book.errors import ProblemError, answer
from api.book.forms import position_in_query
from api.book.routes import get
from api.parts import Asked, parts_of
from schemas.book import BIGINT_MAX
from schemas.proofs import CheckpointKey, CheckpointKeys, ConsistencyProof, InclusionProof
from store import proofs
from store.merkle import TileMissingError
from store.proofs import NotSignedError
from store.signing_keys import published_keys
from store.tree import SignedCheckpoint

SIZE = {"type": "integer", "minimum": 1, "maximum": BIGINT_MAX}


@get(
    "/book/checkpoint",
    summary="Get the newest signed checkpoint",
    answers={200: str},
    refusals=(404,),
    media_type="text/plain",
    credentials=(),
)
async def newest(request: Asked) -> Response[bytes]:
    """Return a C2SP tlog-checkpoint: the origin, how many events there are, the root of their tree, signatures."""
    return _text(await _signed(request, 1, None))


@get(
    "/book/checkpoints/{size:str}",
    summary="Get the signed checkpoint of a size",
    answers={200: str},
    media_type="text/plain",
    credentials=(),
)
async def of_size(request: Asked) -> Response[bytes]:
    """Return the checkpoint that was signed of so many events."""
    size: str = request.path_params["size"]
    if not re.fullmatch(r"[1-9][0-9]{0,18}", size, re.ASCII) or int(size) > BIGINT_MAX:
        raise ProblemError(404, "There is no such checkpoint.")
    return _text(await _signed(request, int(size), int(size)))


@get(
    "/book/proofs/inclusion",
    summary="Prove that an event is in a signed tree",
    query={"position": {**SIZE, "description": "Required."}, "size": SIZE},
    answers={200: InclusionProof},
    refusals=(404,),
    credentials=(),
)
async def inclusion(request: Asked) -> Response[bytes]:
    """Return the hashes that lead from the event at a position to the root of a checkpoint, the newest by default.

    `guildbook prove` writes the same together with the event.
    """
    position, size = _required(request, "position"), position_in_query(request, "size")
    signed = await _signed(request, position, size)
    async with parts_of(request).pool.connection() as connection:
        try:
            leaf, hashes = await proofs.inclusion(connection, position, signed.size)
        except TileMissingError as error:
            raise _broken() from error
    return answer(200, InclusionProof(position, signed.size, _encoded(leaf), _all(hashes), signed.note))


@get(
    "/book/proofs/consistency",
    summary="Prove that a tree grew out of a smaller one",
    query={
        "from": {**SIZE, "description": "Size of the smaller tree. Required."},
        "to": {**SIZE, "description": "Size of the larger tree; by default that of the newest checkpoint."},
    },
    answers={200: ConsistencyProof},
    refusals=(404,),
    credentials=(),
)
async def consistency(request: Asked) -> Response[bytes]:
    """Return the hashes that show that nothing was rewritten in between."""
    old, size = _required(request, "from"), position_in_query(request, "to")
    newest = await _signed(request, max(old, size or 1), None)
    size = newest.size if size is None else size
    if not old <= size:
        raise ProblemError(400, "from must not be greater than to.")
    async with parts_of(request).pool.connection() as connection:
        try:
            hashes = await proofs.consistency(connection, old, size)
        except TileMissingError as error:
            raise _broken() from error
    return answer(200, ConsistencyProof(old, size, _all(hashes)))


@get("/book/keys", summary="List the keys that sign checkpoints", answers={200: CheckpointKeys}, credentials=())
async def keys(request: Asked) -> Response[bytes]:
    """Return all public keys, the newest last; each holds for what it signed.

    Whoever verifies should know them from elsewhere: a server that lies would show its own.
    """
    async with parts_of(request).pool.connection() as connection:
        found = await published_keys(connection)
    return answer(200, CheckpointKeys(tuple(CheckpointKey(each.key.text(), each.made_at) for each in found)))


def _required(request: Asked, name: str) -> int:
    number = position_in_query(request, name)
    if not number:
        raise ProblemError(400, f"{name} must be a position of the log.")
    return number


async def _signed(request: Asked, position: int, size: int | None) -> SignedCheckpoint:
    async with parts_of(request).pool.connection() as connection:
        try:
            return await proofs.covering_checkpoint(connection, position, size)
        except NotSignedError as error:
            raise ProblemError(404, "There is no such checkpoint.") from error


def _broken() -> ProblemError:
    return ProblemError(503, "The tree is not whole.")


def _text(signed: SignedCheckpoint) -> Response[bytes]:
    return Response(signed.note.encode(), media_type="text/plain")


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _all(hashes: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(map(_encoded, hashes))


ROUTES: tuple[Any, ...] = (newest, of_size, inclusion, consistency, keys)

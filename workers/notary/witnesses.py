"""Shows every new checkpoint to witnesses, and keeps their cosignatures: C2SP tlog-witness.

A witness signs what it has seen to grow out of what it signed before. So a book that shows one history to some and
another to others finds no witness for both.
"""

import asyncio
import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.settings import Settings
from store import leadership, notes, proofs, tree
from store.connections import connect, described
from store.merkle import TileMissingError
from store.notes import NoteError, VerifierKey
from store.tree import SignedCheckpoint

ASK_SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 65_536
RESTART_SECONDS = 0.5
OK, CONFLICT = 200, 409
SIZE_TYPE = "text/x.tlog.size"

_logger = structlog.get_logger()


class Witness(NamedTuple):
    """Whom to ask, and the key that its cosignatures must have."""

    url: str
    key: VerifierKey


class Answer(NamedTuple):
    """What a witness said; `size` is that of the checkpoint that it signed last, when it is another than we thought."""

    status: int
    text: str
    size: int | None = None


class Witnesses:
    """Asks all witnesses, as long as it is the only one that does."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._seconds = settings.checkpoint_seconds
        self._witnesses = [Witness(address, notes.read_key(key)) for address, key in settings.witnesses()]

    async def run(self) -> None:
        """Run until cancelled, at once over when there are no witnesses; after a lost connection, stand by again."""
        while self._witnesses:
            try:
                await self._lead()
            except psycopg.Error as error:
                _logger.warning("asking witnesses restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self) -> None:
        patience = aiohttp.ClientTimeout(total=ASK_SECONDS_MAX)
        async with await connect(self._url) as connection, aiohttp.ClientSession(timeout=patience) as session:
            await leadership.become_leader(connection, leadership.WITNESSES)
            while True:
                if signed := await tree.latest_checkpoint(connection):
                    for witness in self._witnesses:
                        await _ask(connection, session, witness, signed)
                await asyncio.sleep(self._seconds)


async def _ask(
    connection: AsyncConnection[TupleRow], session: aiohttp.ClientSession, witness: Witness, signed: SignedCheckpoint
) -> None:
    """Have one checkpoint cosigned, unless it is already; what goes wrong is logged, and tried again."""
    old = await tree.last_cosigned(connection, witness.key.text())
    if old >= signed.size:
        return
    try:
        answer = await _submit(connection, session, witness, signed, old)
        if answer.size is not None and answer.size < signed.size:
            answer = await _submit(connection, session, witness, signed, answer.size)
        if answer.status == OK:
            line = _own(answer.text, signed.note, witness.key)
            await tree.save_cosignature(connection, signed.size, witness.key.text(), line)
            return
        _logger.warning("a witness does not sign", witness=witness.key.name, status=answer.status, size=signed.size)
    except (aiohttp.ClientError, TimeoutError, NoteError, TileMissingError, UnicodeDecodeError) as error:
        _logger.warning("a witness does not sign", witness=witness.key.name, error=str(error), size=signed.size)


async def _submit(
    connection: AsyncConnection[TupleRow],
    session: aiohttp.ClientSession,
    witness: Witness,
    signed: SignedCheckpoint,
    old: int,
) -> Answer:
    """Ask for a cosignature, with the proof that the tree grew out of the one that the witness knows."""
    body = _request(old, await proofs.consistency(connection, old, signed.size), signed.note)
    url = f"{witness.url}/add-checkpoint"
    async with session.post(url, data=body.encode(), allow_redirects=False) as response:
        text = await _text(response)
        is_size = response.content_type == SIZE_TYPE and re.fullmatch(r"[0-9]{1,19}\n?", text, re.ASCII)
        return Answer(response.status, text, int(text) if response.status == CONFLICT and is_size else None)


async def _text(response: aiohttp.ClientResponse) -> str:
    said = bytearray()
    while len(said) < ANSWER_BYTES_MAX and (part := await response.content.readany()):
        said += part
    return said.decode()


def _request(old: int, hashes: Sequence[bytes], note: str) -> str:
    return "\n".join([f"old {old}", *(base64.b64encode(each).decode() for each in hashes), "", note])


def _own(lines: str, note: str, key: VerifierKey) -> str:
    """Return the line by which this very witness signed the note: one, and whole. Errors: NoteError."""
    text, _ = notes.split(note)
    for line in lines.splitlines():
        if notes.cosigners(text, line, [key]):
            return f"{line}\n"
    message = "It answered without a signature of its own."
    raise NoteError(message)

"""Witnesses, played here by the public rules of C2SP tlog-witness: each is shown what grew, and signs it."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from schemas.settings import SettingError, read_settings
from store import merkle, notes
from tests.books import ask, until
from tests.servers import free_port
from tests.workers.notary.books import SETTINGS, append, latest, notarize, verdict
from workers.notary.witnesses import Witnesses


class WitnessServer:
    """A witness of one log, that remembers the last tree that it signed."""

    def __init__(self, name: str, *, refuses: bool = False, mumbles: bool = False) -> None:
        self.name = name
        self.says: Callable[[str], str] = str
        self.halts = False
        self.private = Ed25519PrivateKey.generate()
        self.size, self.root = 0, hashlib.sha256().digest()
        self.statuses: list[int] = []
        self.refuses, self.mumbles = refuses, mumbles
        self.url = f"http://127.0.0.1:{free_port()}/w"

    def key(self) -> notes.VerifierKey:
        return notes.VerifierKey(self.name, self.private.public_key().public_bytes_raw(), notes.COSIGNATURE)

    async def add_checkpoint(self, request: web.Request) -> web.StreamResponse:
        answer = self._answer(await request.text())
        self.statuses.append(answer.status)
        return await self._halting(request, answer.text or "") if self.halts else answer

    async def _halting(self, request: web.Request, text: str) -> web.StreamResponse:
        """Answer in two halves, of which the second comes a little later."""
        answer = web.StreamResponse()
        await answer.prepare(request)
        for half in (text[:50], text[50:]):
            await answer.write(half.encode())
            await asyncio.sleep(0.1)
        return answer

    def _answer(self, body: str) -> web.Response:
        head, _, note = body.partition("\n\n")
        old, *lines = head.split("\n")
        text = note[: note.rindex("\n\n") + 1]
        size, root = int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2])
        if self.refuses:
            return web.Response(status=403)
        if int(old.removeprefix("old ")) != self.size:
            return web.Response(status=409, text=f"{self.size}\n", content_type="text/x.tlog.size")
        if not merkle.extends(root, size, self.root, self.size, [base64.b64decode(line) for line in lines]):
            return web.Response(status=422)
        self.size, self.root = size, root
        signed = self.private.sign(f"cosignature/v1\ntime 1679315147\n{text}".encode())
        raw = self.key().id() + (1679315147).to_bytes(8, "big") + (bytes(64) if self.mumbles else signed)
        return web.Response(text=self.says(f"— {self.name} {base64.b64encode(raw).decode()}\n"))


@asynccontextmanager
async def asking(url: str, *witnesses: WitnessServer) -> AsyncIterator[None]:
    """Run these witnesses, and the one who asks them."""
    listed = ", ".join(f"{witness.url} {witness.key().text()}" for witness in witnesses)
    runners: list[web.AppRunner] = []
    for witness in witnesses:
        app = web.Application()
        app.router.add_post("/w/add-checkpoint", witness.add_checkpoint)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", int(witness.url.split(":")[2].split("/")[0])).start()
    asker = asyncio.create_task(Witnesses(url, replace(SETTINGS, checkpoint_witnesses=listed)).run())
    try:
        yield
    finally:
        asker.cancel()
        with suppress(asyncio.CancelledError):
            await asker
        for runner in runners:
            await runner.cleanup()


async def is_cosigned(url: str, *witnesses: WitnessServer) -> bool:
    found = await latest(url)
    return found is not None and all(notes.names(found.note, witness.key()) for witness in witnesses)


async def test_what_grows_is_cosigned_by_all_and_still_verifies(database_url: str) -> None:
    first, second = WitnessServer("witness.example/w1"), WitnessServer("witness.example/w2")
    await append(database_url, [[f"teams-{i}"] for i in range(5)])
    await notarize(database_url)
    async with asking(database_url, first, second):
        await until(lambda: is_cosigned(database_url, first, second))
        await append(database_url, [[f"awards-{i}"] for i in range(7)])
        await notarize(database_url)
        await until(lambda: is_cosigned(database_url, first, second))
    assert (first.size, first.statuses, second.statuses) == (12, [200, 200], [200, 200])
    found = await latest(database_url)
    assert found
    assert (await verdict(database_url, [found.note])).findings == ()


async def test_a_witness_who_knows_more_than_we_remember_says_so_and_is_answered(database_url: str) -> None:
    witness = WitnessServer("witness.example/w1")
    await append(database_url, [[f"teams-{i}"] for i in range(5)])
    await notarize(database_url)
    async with asking(database_url, witness):
        await until(lambda: is_cosigned(database_url, witness))
        ask(database_url, "SET session_replication_role = replica; DELETE FROM book.cosignatures")
        await append(database_url, [["awards-1"]])
        await notarize(database_url)
        await until(lambda: is_cosigned(database_url, witness))
    assert witness.statuses[0] == witness.statuses[-1] == 200
    assert 409 in witness.statuses


@pytest.mark.parametrize("fault", ["refuses", "mumbles"])
async def test_a_witness_who_does_not_sign_keeps_the_others_from_nothing(database_url: str, fault: str) -> None:
    bad, good = WitnessServer("witness.example/w1", **{fault: True}), WitnessServer("witness.example/w2")
    await append(database_url, [["teams-1"]])
    await notarize(database_url)
    async with asking(database_url, bad, good):
        await until(lambda: is_cosigned(database_url, good))
    assert bad.statuses
    assert not await is_cosigned(database_url, bad)


@pytest.mark.parametrize("says", [str.strip, lambda line: 99 * line], ids=["trails off", "stutters"])
async def test_a_witness_who_writes_carelessly_spoils_no_checkpoint(
    database_url: str, says: Callable[[str], str]
) -> None:
    witness = WitnessServer("witness.example/w1")
    witness.says = says
    await append(database_url, [["teams-1"]])
    await notarize(database_url)
    async with asking(database_url, witness):
        await until(lambda: is_cosigned(database_url, witness))
    await append(database_url, [["teams-2"]])
    await notarize(database_url)
    assert (await verdict(database_url)).findings == ()


async def test_a_witness_may_take_a_breath_while_it_answers(database_url: str) -> None:
    witness = WitnessServer("witness.example/w1")
    witness.halts = True
    await append(database_url, [["teams-1"]])
    await notarize(database_url)
    async with asking(database_url, witness):
        await until(lambda: is_cosigned(database_url, witness), 10)


def test_witnesses_are_written_as_url_and_key() -> None:
    settings = read_settings({"GUILDBOOK_CHECKPOINT_WITNESSES": "https://w.example/a/ k+1+A, http://b x"})
    assert settings.witnesses() == (("https://w.example/a", "k+1+A"), ("http://b", "x"))
    for wrong in ("https://w.example", "w.example key", "https://w.example key more"):
        with pytest.raises(SettingError, match="CHECKPOINT_WITNESSES"):
            read_settings({"GUILDBOOK_CHECKPOINT_WITNESSES": wrong})


@pytest.mark.parametrize("text", ["two words", "a+b", "tab\t"])
def test_an_origin_that_no_key_may_have_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="CHECKPOINT_ORIGIN"):
        read_settings({"GUILDBOOK_CHECKPOINT_ORIGIN": text})

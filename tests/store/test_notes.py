"""Signed notes, read by an implementation that knows nothing of ours, and by ours when others have written them."""

import base64
import hashlib

import pytest
from Crypto.Signature import eddsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store import notes
from store.notes import Checkpoint, NoteError, VerifierKey

NAME = "example.org/book"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"a seed of thirty-two bytes, sure")
KEY = VerifierKey(NAME, PRIVATE.public_key().public_bytes_raw())
CHECKPOINT = Checkpoint(NAME, 300, hashlib.sha256(b"root").digest())
NOTE = f"{CHECKPOINT.text()}\n{notes.sign(CHECKPOINT.text(), NAME, PRIVATE)}"

# From the documentation of golang.org/x/mod/sumdb/note, where the format comes from.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""


def verified(note: str, vkey: str) -> str:
    """Return the text of a note that a key has signed: C2SP signed-note, from its text alone."""
    name, key_id, encoded = vkey.split("+", 2)
    material = base64.b64decode(encoded)
    assert hashlib.sha256(f"{name}\n".encode() + material).digest()[:4].hex() == key_id
    assert material[0] == 1
    end = note.rindex("\n\n")
    text = note[: end + 1]
    for line in note[end + 2 :].splitlines():
        dash, signer, signature = line.split(" ")
        raw = base64.b64decode(signature)
        if (dash, signer, raw[:4].hex()) == ("—", name, key_id):
            public = eddsa.import_public_key(material[1:])
            eddsa.new(public, "rfc8032").verify(text.encode(), raw[4:])
            return text
    raise AssertionError(note)


def test_an_independent_reader_accepts_what_we_sign() -> None:
    text = verified(NOTE, KEY.text())
    assert text == f"{NAME}\n300\n{base64.b64encode(CHECKPOINT.root).decode()}\n"
    assert verified(PUBLISHED_NOTE, PUBLISHED_KEY).startswith("If you think")


def test_we_accept_what_others_have_signed() -> None:
    key = notes.read_key(PUBLISHED_KEY)
    assert key.text() == PUBLISHED_KEY
    text, _ = notes.split(PUBLISHED_NOTE)
    assert notes.cosigners(text, PUBLISHED_NOTE.removeprefix(f"{text}\n"), [key, KEY]) == [key]
    with pytest.raises(NoteError, match="not the key's"):
        notes.cosigners(text.upper(), PUBLISHED_NOTE.removeprefix(f"{text}\n"), [key])


def test_a_key_and_a_checkpoint_come_back_as_they_were() -> None:
    assert notes.read_key(f" {KEY.text()}\n") == KEY
    assert notes.opened(NOTE, [KEY]) == CHECKPOINT
    assert notes.names(NOTE, KEY)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    other = Ed25519PrivateKey.generate()
    line = notes.sign(CHECKPOINT.text(), "witness.example/w1", other)
    assert notes.opened(NOTE + line, [KEY]) == CHECKPOINT
    with pytest.raises(NoteError, match="No key that is trusted"):
        notes.opened(NOTE + line, [VerifierKey("witness.example/w1", other.public_key().public_bytes_raw())])
    with pytest.raises(NoteError, match="No key that is trusted"):
        notes.opened(NOTE, [])


def test_a_witness_signs_the_time_too() -> None:
    witness = Ed25519PrivateKey.generate()
    key = VerifierKey("witness.example/w1", witness.public_key().public_bytes_raw(), notes.COSIGNATURE)
    signed = witness.sign(f"cosignature/v1\ntime 1679315147\n{CHECKPOINT.text()}".encode())
    raw = key.id() + (1679315147).to_bytes(8, "big") + signed
    line = f"— {key.name} {base64.b64encode(raw).decode()}\n"
    assert notes.read_key(key.text()) == key
    assert notes.cosigners(CHECKPOINT.text(), line, [key, KEY]) == [key]
    assert notes.opened(NOTE + line, [KEY, key]) == CHECKPOINT
    later = key.id() + (1679315148).to_bytes(8, "big") + signed
    with pytest.raises(NoteError, match="not the key's"):
        notes.cosigners(CHECKPOINT.text(), f"— {key.name} {base64.b64encode(later).decode()}\n", [key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        f"+{KEY.id().hex()}+{KEY.text().split('+', 2)[2]}",
        KEY.text().replace(KEY.id().hex(), "00000000"),
        KEY.text()[:-4],
        f"two words+{KEY.text().split('+', 1)[1]}",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        notes.read_key(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text",
        CHECKPOINT.text(),
        NOTE[:-1],
        NOTE.replace("— ", "- "),
        NOTE.replace("\n300\n", "\n0300\n"),
        NOTE.replace("\n300\n", "\n301\n"),
        NOTE.replace("\n300\n", "\n³\n"),
        NOTE.replace("\n300\n", "\n"),
        NOTE.replace(NAME, "example.org/other"),
        NOTE.replace("\n300\n", "\n300\r\n"),
        NOTE[:-8] + "AAAAAAA\n",
        f"{CHECKPOINT.text()}\n— {NAME} AAAA\n",
        NOTE + "x" * notes.NOTE_CHARACTERS_MAX + "\n",
        NOTE + NOTE.split("\n\n")[1] * notes.SIGNATURES_MAX,
        NOTE.partition("\n")[2],
    ],
)
def test_what_is_not_a_checkpoint_that_we_trust_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        notes.opened(note, [KEY])

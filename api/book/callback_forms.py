"""Reads what is wished of a callback: every fault is named with its place."""

from typing import Any

import msgspec

from api.book.callback_urls import fault_of_url
from api.book.forms import Faults
from api.book.strict import read_fields, read_id
from domain.callbacks.signing import SecretMalformedError, key_of
from domain.catalogue import EVENTS
from schemas.callbacks import EditedCallback, NewCallback, NewSecret, Replay

CONTEXTS = tuple(dict.fromkeys(name.partition(".")[0] for name in EVENTS))
KNOWN: dict[str, tuple[str, ...]] = {"types": tuple(EVENTS), "contexts": CONTEXTS}


def read_new(body: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
    """Return what a callback is to be like; its secret is None when one is to be made. Errors: InvalidError."""
    faults = Faults()
    wanted = _read(faults, body, NewCallback, allow_private=allow_private)
    check_secret(faults, wanted["secret"], wanted["signing"])
    faults.check()
    return wanted


def read_edit(body: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
    """Return what is to be different of a callback; None is what stays. Errors: InvalidError."""
    faults = Faults()
    wanted = _read(faults, body, EditedCallback, allow_private=allow_private)
    faults.check()
    return wanted


def read_secret(body: dict[str, Any], signing: str) -> tuple[str | None, int]:
    """Return the new secret, None when one is to be made, and how many hours the old one signs, too.

    Errors: InvalidError.
    """
    faults = Faults()
    wanted = read_fields(faults, body, NewSecret)
    check_secret(faults, wanted["secret"], signing)
    faults.check()
    return wanted["secret"], wanted["overlap_hours"]


def read_replay(body: dict[str, Any], head: int) -> int:
    """Return after which position all is to be sent again. Errors: InvalidError."""
    faults = Faults()
    after: int = read_fields(faults, body, Replay)["after"] or 0
    if after > head:
        faults.add(f"is beyond the end of the log: {head}", "after")
    faults.check()
    return after


def check_secret(faults: Faults, secret: str | None, signing: str | None) -> None:
    """Note what is wrong with a secret that was given."""
    if secret is None or signing is None:
        return
    try:
        key_of(secret, signing)
    except SecretMalformedError as error:
        faults.add(error.needs, "secret")


def _read(faults: Faults, body: dict[str, Any], shape: type[msgspec.Struct], *, allow_private: bool) -> dict[str, Any]:
    wanted = read_fields(faults, body, shape)
    fault = None if wanted["url"] is None else fault_of_url(wanted["url"], allow_private=allow_private)
    if fault:
        faults.add(fault, "url")
    for name, known in KNOWN.items():
        wanted[name] = _known(faults, wanted[name], known, name)
    wanted["guilds"] = _guilds(faults, wanted["guilds"])
    return wanted


def _known(faults: Faults, words: tuple[str, ...] | None, known: tuple[str, ...], name: str) -> tuple[str, ...] | None:
    """Return words, each once; one that is not known may be spelt wrongly, so all that there are are named."""
    for place, word in enumerate(words or ()):
        if word not in known:
            faults.add(f"is not known; there are {', '.join(known)}", name, place)
    return None if words is None else tuple(dict.fromkeys(words))


def _guilds(faults: Faults, guilds: tuple[int | str, ...] | None) -> tuple[int, ...] | None:
    if guilds is None:
        return None
    read = [read_id(faults, guild, "guilds", place) for place, guild in enumerate(guilds)]
    return tuple(dict.fromkeys(guild for guild in read if guild is not None))

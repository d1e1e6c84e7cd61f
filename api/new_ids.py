"""Ids of backups, templates and loads: what the contract says they look like, and others when one was taken."""

import secrets
import string
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.kernel import RefusalError

T = TypeVar("T")

LOWER = string.digits + string.ascii_lowercase
LETTERS = string.digits + string.ascii_letters
TEMPLATE_CHARACTERS = 12
LOAD_CHARACTERS = 10
TRIES_MAX = 5
RANDOM_BITS = 8


def backup_id() -> str:
    """Return the time and a few random bits in base 36: ten characters until the year 2415."""
    return _base36(time.time_ns() // 1_000_000 << RANDOM_BITS | secrets.randbits(RANDOM_BITS))


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(LOWER))
        text = LOWER[digit] + text
    return text


def template_id() -> str:
    """Return twelve letters and digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(TEMPLATE_CHARACTERS))


def load_id() -> str:
    """Return ten letters and digits after `ld_`."""
    return "ld_" + "".join(secrets.choice(LOWER) for _ in range(LOAD_CHARACTERS))


async def under_new_id(make: Callable[[], str], taken: type[RefusalError], do: Callable[[str], Awaitable[T]]) -> T:
    """Do something under an id that nothing has had. Errors: those of `do`."""
    for _ in range(TRIES_MAX - 1):
        try:
            return await do(make())
        except taken:
            continue
    return await do(make())

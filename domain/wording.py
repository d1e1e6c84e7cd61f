"""What of what somebody asks for may be written down for ever: ids, and the words of the book; no names of people."""

import re
from functools import cache, lru_cache

from domain.catalogue import EVENTS
from domain.entities import ENTITIES, PARTICULAR

CACHED_TYPES_MAX = 20_000  # a log may hold any
UNNAMED = "?"
OTHERS = ("operator", "all")

NAME = re.compile(r"[A-Z]+[a-z]*|[a-z]+|[0-9]+")
ID = re.compile(r"[0-9]+|(?=[a-f]*[0-9])[0-9a-f]{1,64}")  # those of requests are hexadecimal


def recordable(text: str) -> str:
    """Return words as they may be written down; a `?` stands for each that may be a name."""
    return " ".join(map(recordable_name, text.split()))


def recordable_name(name: str) -> str:
    """Return the name of a stream, an actor, a type or a request as it may be written down."""
    return "-".join(part if _is_harmless(part.lower()) else UNNAMED for part in name.split("-"))


def _is_harmless(word: str) -> bool:
    return ID.fullmatch(word) is not None or word in _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    kinds = {entity.kind for entity in ENTITIES} | {form.pattern.split("-")[1] for form, _ in PARTICULAR}
    return frozenset({*OTHERS, *kinds}).union(*map(type_words, EVENTS)) - {""}


@lru_cache(CACHED_TYPES_MAX)
def type_words(stored_type: str) -> frozenset[str]:
    """Return a type as it is stored, its context, its name, and the words of that; in small letters."""
    parts = stored_type.split(".")
    return frozenset(" ".join((stored_type, *parts, *(NAME.findall(parts[-1])))).lower().split())

"""What is known of an event for those who search: whose it is, and the words by which it is found."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from psycopg.rows import TupleRow

from domain.catalogue import concerned_guild
from domain.wording import type_words
from projections.sights import open_data
from store.codec import Meta, decode_closed, meta_if_readable

WORD_CHARACTERS_MAX = 255
IDS_MAX = 1_000  # more ids of one event are not found
BIGINT_MAX = 2**63 - 1
CACHED_NAMES_MAX = 20_000

ID = re.compile(rb"(?<![\w.])[0-9]{2,20}(?![\w.])", re.ASCII)


class Entry(NamedTuple):
    """An event as it may be asked for."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: datetime
    meta: Meta
    guild: int | None
    words: frozenset[str]


def entry_of(row: TupleRow) -> Entry:
    """Return what is known of a row of the log (see `log.read_rows`), whatever stands in it."""
    position, stream, version, stored_type, data, _, recorded_at, meta_data = row
    meta = meta_if_readable(meta_data.replace(rb"\u0000", b""))
    named = (_names(stream), _names(meta.actor), _names(meta.on_behalf or ""), _type_words(stored_type))
    words = frozenset[str]().union(*named, _words(meta.request or ""), _ids(stored_type, data))
    guild = concerned_guild(decode_closed(stored_type, data))
    within = guild if guild is not None and -BIGINT_MAX <= guild <= BIGINT_MAX else None
    return Entry(position, stream, version, stored_type, recorded_at, meta, within, words)


def words_asked(text: str) -> list[str]:
    """Return the words of what is asked for; the last one may be a beginning."""
    return _words(text)


def finds(words: Sequence[str], entry: Entry) -> bool:
    """Tell whether an event has all of these words, and one that begins like the last."""
    if not words:
        return True
    *whole, last = words
    return entry.words.issuperset(whole) and any(word.startswith(last) for word in entry.words)


def _words(text: str) -> list[str]:
    return [word[:WORD_CHARACTERS_MAX] for word in text.lower().split()]


@lru_cache(CACHED_NAMES_MAX)
def _names(name: str) -> frozenset[str]:
    """Return a stream's name and what it consists of."""
    return frozenset((*_words(name), *_words(name.replace("-", " "))))


@lru_cache(CACHED_NAMES_MAX)
def _type_words(stored_type: str) -> frozenset[str]:
    return frozenset(word[:WORD_CHARACTERS_MAX] for word in type_words(stored_type))


def _ids(stored_type: str, data: bytes) -> Iterator[str]:
    """Yield the ids, and other numbers of two digits and more, in what is not sealed."""
    found = ID.finditer(open_data(stored_type, data))
    return (match[0].decode() for match in islice(found, IDS_MAX))

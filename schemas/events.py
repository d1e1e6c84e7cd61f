"""The wire shapes of the log, as it is shown and streamed; keys are in the order in which they are sent."""

from datetime import datetime

import msgspec


class EventOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event of the log. `data` is what is stored, without what is sealed and without the hashes of tokens.

    Numbers in `data` may be as large as ids are: read them as 64-bit integers. It is null when it is no JSON object.
    `actor` is the stream of who did it, or a word; `append_end` the last position of what was recorded with it.
    """

    position: int
    stream: str
    version: int
    type: str
    data: msgspec.Raw
    actor: str
    surface: str
    recorded_at: datetime
    append_end: int
    on_behalf: str | None = None
    request: str | None = None
    cause: int | None = None


class EventPage(msgspec.Struct, frozen=True):
    """Events by position. `next` is the `after` of the next page; there is more while it is less than `head`.

    A page that lets little through may be short, even empty: the log is read a piece at a time.
    """

    items: tuple[EventOut, ...]
    next: int
    head: int

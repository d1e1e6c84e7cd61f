"""The timeline, for auditors: what happened, newest first, by what one looks for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from api.console.audit_views import actor_href, stream_href
from api.console.auditors import AUDIT, OPT, auditor_of, judge
from api.console.pages import page
from api.console.texts import id_of
from api.console.visitors import Visitor
from api.parts import Asked, parts_of
from api.roles import is_operator
from api.trail import look
from domain.catalogue import EVENTS
from projections.search.queries import Hit, Page, Wanted, search_page
from store.judgements import Judgement

HITS_MAX = 50
TEXT_CHARACTERS_MAX = 255
TEXTS = ("q", "context", "type", "actor", "stream", "request")
MOMENTS = ("since", "until")
FIELDS = (*TEXTS, "guild", *MOMENTS)
CONTEXTS = sorted({stored_type.partition(".")[0] for stored_type in EVENTS})


class Row(msgspec.Struct, frozen=True):
    """An event as the timeline lists it."""

    hit: Hit
    href: str
    actor: str | None
    judgement: Judgement


class Day(msgspec.Struct, frozen=True):
    """What happened on one day."""

    day: date
    rows: Sequence[Row]


class Wishes(msgspec.Struct, frozen=True):
    """What was typed, what it asks for, and what of it cannot be understood, by field."""

    typed: Mapping[str, str]
    wanted: Wanted | None
    faults: Mapping[str, str]

    def is_later(self) -> bool:
        """Tell whether this is not the first page."""
        return self.wanted is not None and self.wanted.before is not None


@get(AUDIT, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show what happened."""
    visitor = await auditor_of(request)
    wishes = wishes_of(request.query_params)
    found = await _found(request, visitor, wishes.wanted) if wishes.wanted else Page([], None)
    return page(
        "audit.html",
        422 if wishes.faults else 200,
        visitor=visitor,
        home=AUDIT,
        here=AUDIT,
        wishes=wishes,
        days=await _days(request, found.hits),
        older=_href(wishes, before=found.next) if found.next else None,
        newest=_href(wishes) if wishes.is_later() else None,
        contexts=CONTEXTS,
        types=sorted(EVENTS),
        is_operator=is_operator(request, visitor),
    )


def wishes_of(asked: Any) -> Wishes:  # noqa: ANN401 - a multi-dict of the framework
    """Read what is looked for; what cannot be understood is said, and then nothing is looked for."""
    typed = {name: asked.get(name, "").strip() for name in FIELDS}
    typed = {name: text for name, text in typed.items() if text}
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, text in typed.items():
        try:
            found[name] = _read(name, text)
        except ValueError as error:
            faults[name] = str(error)
    before = id_of(asked.get("before", ""))
    wanted = Wanted(**found, before=before, limit=HITS_MAX)
    return Wishes(typed, None if faults else wanted, faults)


def _read(name: str, text: str) -> str | int | datetime:
    """Read one field. Errors: ValueError, whose message is for whom has typed it."""
    if name in MOMENTS:
        return _moment(text)
    if name == "guild":
        return _guild(text)
    if not text.isprintable() or len(text) > TEXT_CHARACTERS_MAX:
        message = f"This has {TEXT_CHARACTERS_MAX} characters at most, and none that cannot be seen."
        raise ValueError(message)
    return text


def _guild(text: str) -> int:
    guild = id_of(text)
    if guild is None:
        message = "A guild is a number."
        raise ValueError(message)
    return guild


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        message = "Write it as 2027-01-31T12:00; it is meant in UTC."
        raise ValueError(message) from error


async def _found(request: Asked, visitor: Visitor, wanted: Wanted) -> Page:
    """Look, after it was written down that somebody does; what is written down of it is not among what is found."""
    parts = parts_of(request)
    before = wanted.before or await parts.head() + 1
    await look(request, visitor.actor, f"search {wanted.text()}")
    async with parts.pool.connection() as connection:
        return await search_page(connection, msgspec.structs.replace(wanted, before=before))


async def _days(request: Asked, hits: Sequence[Hit]) -> list[Day]:
    judgements = await judge(parts_of(request), [hit.position for hit in hits])
    rows = [_row(hit, judgements[hit.position]) for hit in hits]
    by_day = groupby(rows, key=lambda row: row.hit.recorded_at.astimezone(UTC).date())
    return [Day(day, list(found)) for day, found in by_day]


def _row(hit: Hit, judgement: Judgement) -> Row:
    return Row(hit, stream_href(hit.stream, at=hit.version), actor_href(hit.actor, reveals=False), judgement)


def _href(wishes: Wishes, **more: int) -> str:
    return f"{AUDIT}?{urlencode({**wishes.typed, **more})}"


ROUTES = (show,)

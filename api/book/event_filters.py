"""Which events are asked for: read from the query, and asked of each event."""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec

from api.book.errors import ProblemError
from api.book.forms import position_in_query, query_of, read_snowflake
from api.described import Schema
from api.parts import Asked
from domain.catalogue import EVENTS
from domain.kernel import STREAM_CHARACTERS_MAX
from projections.sights import Line
from schemas.book import BIGINT_MAX, LIMIT_DEFAULT, LIMIT_MAX, SNOWFLAKE

_WORD: Schema = {"type": "string", "minLength": 1, "maxLength": STREAM_CHARACTERS_MAX}
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_TIME: Schema = {"type": "string", "format": "date-time", "description": "With an offset, as 2026-02-03T10:20:31Z."}
FILTERS: dict[str, Schema] = {
    "after": {
        "type": "integer",
        "minimum": 0,
        "maximum": BIGINT_MAX,
        "description": "Events after this position: of a page from the first on, of a stream from now on, without it.",
    },
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    "stream": {**_WORD, "description": "Only of this stream, as `guilds-guild-920`."},
    "context": {**_WORD, "description": "Only of this context, as `guilds`."},
    "type": {**_WORD, "description": "Only of this type, as `guilds.RoleCreated`."},
    "actor": {**_WORD, "description": "Only by this actor, as `apps-310`."},
    "guild": {"type": "string", "pattern": SNOWFLAKE, "description": "Only in this guild."},
    "since": {**_TIME, "description": f"Only recorded then or later. {_TIME['description']}"},
    "until": {**_TIME, "description": f"Only recorded before. {_TIME['description']}"},
}


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for; None is everything."""

    after: int | None = None
    limit: int = LIMIT_DEFAULT
    stream: str | None = None
    context: str | None = None
    type: str | None = None
    actor: str | None = None
    guild: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def is_everything(self) -> bool:
        """Tell whether every event matches."""
        return msgspec.structs.replace(self, after=None, limit=LIMIT_DEFAULT) == Wanted()

    def types(self) -> set[str] | None:
        """Return the stored types that are asked for, None when all are."""
        if self.type is not None:
            return {self.type}
        return None if self.context is None else {name for name in EVENTS if name.startswith(f"{self.context}.")}

    def matches(self, line: Line) -> bool:
        """Tell whether an event is asked for."""
        shown = line.shown
        return (
            (self.stream is None or shown.stream == self.stream)
            and (self.context is None or shown.type.startswith(f"{self.context}."))
            and (self.type is None or shown.type == self.type)
            and (self.actor is None or shown.actor == self.actor)
            and (self.guild is None or line.guild == self.guild)
            and (self.since is None or shown.recorded_at >= self.since)
            and (self.until is None or shown.recorded_at < self.until)
        )


def wanted_in_query(request: Asked) -> Wanted:
    """Read what is asked for. Errors: ProblemError."""
    query = query_of(request)
    words: dict[str, Any] = {name: _word(query, name) for name in ("stream", "context", "type", "actor")}
    times: dict[str, Any] = {name: _time(query, name) for name in ("since", "until")}
    return Wanted(after=position_in_query(request, "after"), limit=_limit(query), guild=_guild(query), **words, **times)


def _word(query: dict[str, str], name: str) -> str | None:
    word = query.get(name)
    if word is not None and not (0 < len(word) <= STREAM_CHARACTERS_MAX and word.isprintable()):
        raise ProblemError(400, f"{name} must be a word of at most {STREAM_CHARACTERS_MAX} characters.")
    return word


def _time(query: dict[str, str], name: str) -> datetime | None:
    try:
        return msgspec.convert(query[name], _Moment) if name in query else None
    except msgspec.ValidationError as error:
        raise ProblemError(400, f"{name} must be a time with an offset, as 2026-02-03T10:20:31Z.") from error


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not re.fullmatch(r"0*[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= LIMIT_MAX:
        raise ProblemError(400, f"limit must be a number from 1 to {LIMIT_MAX}.")
    return int(text)


def _guild(query: dict[str, str]) -> int | None:
    text = query.get("guild")
    guild = read_snowflake(text)
    if text is not None and guild is None:
        raise ProblemError(400, "guild must be an id: 1 to 20 digits.")
    return guild

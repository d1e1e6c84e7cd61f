"""What callbacks are sent, in both dialects: their headers, and their bodies by event; for both published documents."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.described import Header, Schema
from schemas.cloud_events import CloudEvent
from schemas.polympics import CALLBACK_EVENTS, AccountTeamUpdate, AccountUpdate, AwardUpdate, TeamUpdate

BODIES: dict[str, Any] = {
    "account_team_update": AccountTeamUpdate,
    "award_granted": AwardUpdate,
    "award_revoked": AwardUpdate,
    "account_created": AccountUpdate,
    "account_deleted": AccountUpdate,
    "team_deleted": TeamUpdate,
}
"""What the dialect `polympics` sends."""
assert tuple(BODIES) == CALLBACK_EVENTS

JSON = "application/json"
MEDIA_TYPE = "application/cloudevents+json"
TEXT: Schema = {"type": "string"}
DIGITS: Schema = {"type": "string", "pattern": "^[0-9]{1,19}$"}
UNIX_SECONDS: Schema = {"type": "string", "pattern": "^[0-9]{1,12}$"}
SIGNED = {
    "webhook-id": Header(
        "What is delivered. It stays the same on every attempt and in every replay: who has seen it has done it.",
        {"type": "string", "pattern": "^msg_[0-9]+_[0-9]+$"},
    ),
    "webhook-timestamp": Header("When this attempt was made, in Unix seconds.", UNIX_SECONDS),
    "webhook-signature": Header(
        "By Standard Webhooks: `v1,` and the HMAC-SHA256, or `v1a,` and the Ed25519 signature, in base64, of"
        " `<webhook-id>.<webhook-timestamp>.<body>`. While a secret is rotated two, the newer first, with a space"
        " between them: one that verifies is enough.",
        {"type": "string", "pattern": "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$"},
    ),
    "User-Agent": Header("Who sends.", TEXT),
}
CLOUD_EVENT = {
    "ce-specversion": Header("The version of CloudEvents.", {"type": "string", "const": "1.0"}),
    "ce-id": Header("The position of the event in the log.", DIGITS),
    "ce-source": Header("The log.", TEXT),
    "ce-type": Header("The stored type of the event, as `accounts.TeamChanged`.", TEXT),
    "ce-subject": Header("The stream of the event, as `accounts-204`.", TEXT),
    "ce-time": Header("When it was recorded.", {"type": "string", "format": "date-time"}),
    "ce-position": Header("The position again.", DIGITS),
    "ce-streamversion": Header("The version of its stream.", DIGITS),
    "ce-appendend": Header("The last position of what was recorded with it.", DIGITS),
    "ce-actor": Header("Who did it: a stream as `apps-310`, or a word.", TEXT),
    "ce-surface": Header("Through which surface.", TEXT),
    "ce-guild": Header("The guild, when it is in one.", DIGITS, required=False),
    "ce-cause": Header("The position of what it follows from.", DIGITS, required=False),
    "ce-request": Header("The id of the request.", TEXT, required=False),
    "ce-traceparent": Header("The trace of the request.", TEXT, required=False),
}
POLYMPICS_HEADERS = {
    **SIGNED,
    "webhook-signature": msgspec.structs.replace(SIGNED["webhook-signature"], required=False),  # a secret may be empty
    **CLOUD_EVENT,
}
BOOK_EVENT = "book_event"
SUMMARIES = {
    BOOK_EVENT: "Something happened that a callback asks for.",
    "account_team_update": "An account is in another team, or in none.",
    "award_granted": "An account holds an award.",
    "award_revoked": "An account holds an award no more.",
    "account_created": "There is a new account.",
    "account_deleted": "An account is gone; this is how it last was.",
    "team_deleted": "A team is gone; this is how it last was.",
}
SECRET_SCHEME: dict[str, Schema] = {
    "callback_secret": {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret that the app registered for its callback.",
    }
}
ABOUT = {
    "polympics": "Sent to the URL that an app registered for it with `PUT /callback/{event}`. The body is the state"
    " right after what happened, the same on every attempt. It is a CloudEvent in binary mode.",
    "book": "Sent to the URL of every callback of `POST /book/callbacks` that wants the event and whose bot may see it,"
    " in the order of positions within each stream. `/asyncapi.json` says what `data` is for each type.",
}
ANSWERS: dict[str, Schema] = {
    "2XX": {"description": "It has arrived; what else is in the answer is not read beyond its beginning, for the log."},
    "default": {"description": "It is sent again, after `Retry-After` if there is one, for about three days."},
}
GONE: dict[str, Schema] = {"410": {"description": "The callback is disabled: nothing is sent until it is resumed."}}


def content_type(media_type: str) -> Header:
    """Return what is said of a body."""
    return Header("What the body is.", {"type": "string", "const": media_type})


def bodies() -> set[Any]:
    """Return the shapes of all bodies."""
    return {*BODIES.values(), CloudEvent}


def webhooks(names: Mapping[Any, Schema]) -> dict[str, Any]:
    """Return what is sent to others, as OpenAPI says it; `names`: how to refer to shapes."""
    told = {event: _told(event, "polympics", JSON, names[body]) for event, body in BODIES.items()}
    return told | {BOOK_EVENT: _told(BOOK_EVENT, "book", MEDIA_TYPE, names[CloudEvent])}


def _told(event: str, dialect: str, media_type: str, body: Schema) -> dict[str, Any]:
    is_book = dialect == "book"
    operation = {
        "operationId": f"webhook_{event}",
        "summary": SUMMARIES[event],
        "description": ABOUT[dialect],
        "tags": [f"{dialect}.callbacks"],
        "parameters": [*map(_parameter, (SIGNED if is_book else POLYMPICS_HEADERS).items())],
        "requestBody": {"required": True, "content": {media_type: {"schema": body}}},
        "responses": {**(GONE if is_book else {}), **ANSWERS},
    }
    return {"post": operation if is_book else {**operation, "security": [{name: []} for name in SECRET_SCHEME]}}


def _parameter(named: tuple[str, Header]) -> Schema:
    name, header = named
    described = {"description": header.description, "required": header.required, "schema": header.schema}
    return {"name": name, "in": "header", **described}

"""The messages of the AsyncAPI document: every event type in each form in which it travels."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from api.async_schemas import STORED, is_stored_otherwise, reference, text_of
from api.described import Header, Schema
from api.webhooks import JSON, MEDIA_TYPE
from domain.catalogue import EVENTS

KAFKA_BINDING = "0.5.0"
KEY: Schema = {"type": "string", "description": "The stream of the event, so that each stream keeps its order."}
TRAIT = "#/components/messageTraits/{name}"


class Form(NamedTuple):
    """How an event travels: what the names of its messages end in, and the schema around its data, "" for none."""

    suffix: str
    envelope: str = ""
    is_stored: bool = False

    def name(self, stored_type: str) -> str:
        """Name the message of an event type in this form."""
        return f"{stored_type}{self.suffix}"

    def trait(self) -> str:
        """Name what all messages in this form have in common."""
        return self.suffix.removeprefix(".")


SHOWN = Form("", "EventOut")
DELIVERED = Form(".delivered", "CloudEvent")
STRUCTURED = Form(".structured", "CloudEvent", is_stored=True)
BINARY = Form(".binary", is_stored=True)
FORMS = (SHOWN, DELIVERED, STRUCTURED, BINARY)


def form_traits() -> dict[str, Schema]:
    """Return what all messages of a form have in common."""
    keyed = {"bindings": {"kafka": {"key": KEY, "bindingVersion": KAFKA_BINDING}}}
    return {
        DELIVERED.trait(): {"contentType": MEDIA_TYPE, "headers": reference("CallbackHeaders")},
        STRUCTURED.trait(): {"contentType": MEDIA_TYPE, "headers": reference("RecordHeaders"), **keyed},
        BINARY.trait(): {"contentType": JSON, "headers": reference("BinaryRecordHeaders"), **keyed},
    }


def event_messages() -> dict[str, Schema]:
    """Return one message for each event type and form."""
    return {form.name(stored_type): _message(form, stored_type) for form in FORMS for stored_type in EVENTS}


def types_of(context: str) -> list[str]:
    """Return the stored types of a context."""
    return [stored_type for stored_type in EVENTS if stored_type.startswith(f"{context}.")]


def contexts() -> list[str]:
    """Return the names of all contexts."""
    return sorted({stored_type.partition(".")[0] for stored_type in EVENTS})


def message_of(name: str, summary: str, payload: Schema, headers: Schema | None = None) -> Schema:
    """Return a message that is not an event."""
    message = {"name": name, "summary": summary, "contentType": JSON, "payload": payload}
    return message if headers is None else {**message, "headers": headers}


def headers_of(headers: dict[str, Header]) -> Schema:
    """Return headers as the schema of an object."""
    return {
        "type": "object",
        "properties": {name: {"description": it.description, **it.schema} for name, it in headers.items()},
        "required": [name for name, it in headers.items() if it.required],
    }


def named(messages: Iterable[str]) -> dict[str, Schema]:
    """Refer to these messages by their names."""
    return {name: {"$ref": f"#/components/messages/{name}"} for name in messages}


def _message(form: Form, stored_type: str) -> Schema:
    message: dict[str, Any] = {
        "name": stored_type,
        "title": stored_type,
        "summary": text_of(EVENTS[stored_type]).partition("\n")[0],
        "tags": [{"name": stored_type.partition(".")[0]}],
        "payload": _payload(form, stored_type),
    }
    return message | ({"traits": [{"$ref": TRAIT.format(name=form.trait())}]} if form.suffix else {})


def _payload(form: Form, stored_type: str) -> Schema:
    has_more = form.is_stored and is_stored_otherwise(stored_type)
    data = reference(STORED.format(type=stored_type) if has_more else stored_type)
    if not form.envelope:
        return data
    own = {"type": "object", "properties": {"type": {"const": stored_type}, "data": data}}
    return {"allOf": [reference(form.envelope), own]}

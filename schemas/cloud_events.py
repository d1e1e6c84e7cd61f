"""The wire shape of an event outside of the process: a CloudEvent 1.0, in Kafka and in webhooks."""

import msgspec
from msgspec import UNSET, UnsetType


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="specversion", tag="1.0"):
    """An event of the log. Numbers are strings of digits, for integers of CloudEvents have 32 bits only.

    `id` and `position` are its place in the log, `subject` and `streamversion` its place in its stream; `appendend` is
    the last position of what was recorded with it, `cause` the position of what it follows from.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str = "application/json"
    position: str
    streamversion: str
    appendend: str
    actor: str
    surface: str
    guild: str | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    request: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    data: msgspec.Raw

"""The channels of the AsyncAPI document: streams, callbacks and topics, each with what is said in it and by whom."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from api.async_messages import named
from api.described import Schema


class Channel(msgspec.Struct, frozen=True):
    """A channel, and what Guildbook does there: `send` or `receive`."""

    name: str
    action: str
    said: Schema
    messages: Sequence[str]
    operation: Schema = {}


def channels_and_operations(channels: Iterable[Channel]) -> dict[str, Any]:
    """Return both parts of the document."""
    known = list(channels)
    return {
        "channels": {it.name: {**it.said, "messages": named(it.messages)} for it in known},
        "operations": {
            f"{it.action}_{it.name}": {
                "action": it.action,
                "channel": {"$ref": f"#/channels/{it.name}"},
                "summary": it.said["summary"],
                **it.operation,
            }
            for it in known
        },
    }

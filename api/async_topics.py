"""Kafka's topics in the AsyncAPI document: the log by context, the relay's watermarks, and commands."""

from api.async_channels import Channel
from api.async_messages import BINARY, KAFKA_BINDING, STRUCTURED, contexts, headers_of, message_of, types_of
from api.async_schemas import reference
from api.described import Header, Schema
from api.webhooks import CLOUD_EVENT, DIGITS, JSON, MEDIA_TYPE, TEXT, content_type
from schemas.settings import Settings

DEFAULTS = Settings()
HOUR_MILLISECONDS = 3_600_000
KEY: Schema = {"type": "string", "description": "The Idempotency-Key of the command."}
KEPT: Schema = {"cleanup.policy": ["delete"], "retention.ms": DEFAULTS.kafka_retention_hours * HOUR_MILLISECONDS}
PLACE = {
    "position": Header("The position of the event in the log.", DIGITS),
    "version": Header("The version of its stream.", DIGITS),
    "meta": Header("Who did it and how, as the log holds it: JSON.", TEXT),
    "traceparent": Header("The trace of the request that caused it, when it had one.", TEXT, required=False),
}
STRUCTURED_HEADERS = {"content-type": content_type(MEDIA_TYPE)}
BINARY_HEADERS = {
    "content-type": content_type(JSON),
    **{name.replace("-", "_"): header for name, header in CLOUD_EVENT.items()},
}
ASKING = {
    "authorization": Header("The caller's token, as the API takes it: `Bot <token>` or `Bearer <token>`.", TEXT),
    "traceparent": PLACE["traceparent"],
}
HEADERS = {
    "RecordHeaders": STRUCTURED_HEADERS | PLACE,
    "BinaryRecordHeaders": BINARY_HEADERS | PLACE,
    "CommandHeaders": ASKING,
}
LOG = """All events of this context, in the order of the log within each stream (which is the key), published in
transactions: read with `isolation.level=read_committed`. `data` is what is stored; what is sealed stays encrypted."""
WATERMARKS = """One record in each transaction of the relay. Who has read all partitions up to these offsets has every
event up to `to`, and may sort them by position into the order of the log."""
COMMANDS = """Requests to the native surface from systems without HTTP. They are asked of the API with the caller's own
token and the record's key as Idempotency-Key, in order within a partition; two other topics say what became of them."""


def topic_channels() -> list[Channel]:
    """Return all topics."""
    return [
        *(_log_channel(context) for context in contexts()),
        Channel("positions", "send", _positions(), ["watermark"]),
        Channel(
            *("commands", "receive"),
            _topic("commands", "Commands to be done.", COMMANDS),
            ["command"],
            {"reply": {"channel": {"$ref": "#/channels/commandsDone"}}},
        ),
        Channel("commandsDone", "send", _topic("commands.done", "Commands that were done.", ""), ["command-done"]),
        Channel("commandsDead", "send", _topic("commands.dead", "Commands that were refused.", ""), ["command-dead"]),
    ]


def topic_messages() -> dict[str, Schema]:
    """Return what topics hold beside events."""
    keyed = {"bindings": {"kafka": {"key": KEY, "bindingVersion": KAFKA_BINDING}}}
    return {
        "watermark": message_of("watermark", "What a transaction has published.", reference("Watermark")),
        "command": message_of("command", "A command.", reference("Command"), reference("CommandHeaders")) | keyed,
        "command-done": message_of("command-done", "It was done.", reference("CommandDone")) | keyed,
        "command-dead": message_of("command-dead", "It was refused.", reference("CommandDead")) | keyed,
    }


def topic_headers() -> dict[str, Schema]:
    """Return the headers of records."""
    return {name: headers_of(headers) for name, headers in HEADERS.items()}


def _log_channel(context: str) -> Channel:
    names = [form.name(stored_type) for form in (STRUCTURED, BINARY) for stored_type in types_of(context)]
    return Channel(f"log.{context}", "send", _topic(context, f"The log: {context}.", LOG), names)


def _positions() -> Schema:
    topic = _topic("positions", "What has been published.", WATERMARKS)
    kafka = {"partitions": 1, "topicConfiguration": {"cleanup.policy": ["compact"]}}
    return {**topic, "bindings": {"kafka": {**topic["bindings"]["kafka"], **kafka}}}


def _topic(name: str, summary: str, description: str) -> Schema:
    return {
        "address": f"{{prefix}}.{name}",
        "title": f"Topic {name}",
        "summary": summary,
        "description": description,
        "servers": [{"$ref": "#/servers/kafka"}],
        "parameters": {"prefix": {"default": DEFAULTS.kafka_prefix, "description": "`GUILDBOOK_KAFKA_PREFIX`"}},
        "bindings": {
            "kafka": {
                "partitions": DEFAULTS.kafka_partitions,
                "replicas": DEFAULTS.kafka_replication,
                "topicConfiguration": KEPT,
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }

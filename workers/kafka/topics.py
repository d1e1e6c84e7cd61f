"""The topics: what they are called, how they are made, and how large a record may be."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from domain.catalogue import EVENTS
from schemas.settings import Settings
from workers.kafka.connection import options

FOR_EVER = 2**63 - 1
ASK_SECONDS_MAX = 10
ENVELOPE_BYTES_MAX = 65_536  # all of a record but its data

_logger = structlog.get_logger()


class Topic(NamedTuple):
    """A topic as it is made; one that is there already is left as it is."""

    name: str
    partitions: int
    replicas: int
    configs: dict[str, str]


class TopicsMissingError(Exception):
    """Topics are not there and could not be made: this one, for this reason."""


def context_of(stored_type: str) -> str:
    """Return whose topic events of a type go to."""
    return stored_type.partition(".")[0]


def event_topic_name(settings: Settings, context: str) -> str:
    return f"{settings.kafka_prefix}.{context}"


def positions_name(settings: Settings) -> str:
    return f"{settings.kafka_prefix}.positions"


def record_bytes_max(settings: Settings) -> int:
    """Return how large a record may be: an event is no larger than the largest request, sealed and in base64."""
    largest = max(
        settings.body_bytes_max,
        settings.settings_body_bytes_max,
        settings.snapshot_body_bytes_max,
        settings.xenon_body_bytes_max,
    )
    return largest * 4 // 3 + ENVELOPE_BYTES_MAX


def event_topics(settings: Settings) -> list[Topic]:
    """Return one topic for each context of the domain."""
    contexts = sorted({context_of(stored_type) for stored_type in EVENTS})
    return [event_topic(settings, event_topic_name(settings, context)) for context in contexts]


def event_topic(settings: Settings, name: str) -> Topic:
    """Return a topic whose records are kept for a while and may be as large as an event."""
    configs = {
        "cleanup.policy": "delete",
        "retention.ms": str(_retention_ms(settings, for_ever=-1)),
        "max.message.bytes": str(record_bytes_max(settings)),
    }
    return Topic(name, settings.kafka_partitions, settings.kafka_replication, {**configs, **_safe(settings)})


def positions_topic(settings: Settings) -> Topic:
    """Return the topic in which the relay says how far it is: kept as long as events are, the last of it for ever."""
    configs = {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(_retention_ms(settings, for_ever=FOR_EVER)),
    }
    return Topic(positions_name(settings), 1, settings.kafka_replication, {**configs, **_safe(settings)})


def ensure(settings: Settings, topics: Sequence[Topic]) -> None:
    """Make the topics that are missing. Errors: KafkaError, TopicsMissingError."""
    admin: Any = KafkaAdminClient(**options(settings, "topics"))  # the types that are known of it are old
    try:
        existing = admin.list_topics()
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            _make(settings, admin, missing)
    finally:
        admin.close()


def _make(settings: Settings, admin: Any, topics: Sequence[Topic]) -> None:  # noqa: ANN401
    try:
        made = admin.create_topics({topic.name: _described(topic) for topic in topics}, raise_errors=False)["topics"]
    except KafkaError as error:  # it has no word for it; but somebody else may make them, or it will by itself
        _logger.warning("topics could not be made", error=type(error).__name__)
        _require(settings, topics)
        return
    refused = [topic for topic in made if topic["error_code"] not in (0, TopicAlreadyExistsError.errno)]
    if refused:
        raise TopicsMissingError("; ".join(f"{topic['name']}: {topic['error_message']}" for topic in refused))
    admin.wait_for_topics([topic.name for topic in topics])


def _described(topic: Topic) -> dict[str, Any]:
    return {"num_partitions": topic.partitions, "replication_factor": topic.replicas, "configs": topic.configs}


def _require(settings: Settings, topics: Sequence[Topic]) -> None:
    """Ask about each topic, upon which some brokers make it."""
    producer: Any = KafkaProducer(**options(settings, "topics"), max_block_ms=ASK_SECONDS_MAX * 1000)
    try:
        for topic in topics:
            producer.partitions_for(topic.name)
    except KafkaError as error:
        raise TopicsMissingError(f"of {', '.join(topic.name for topic in topics)}") from error
    finally:
        producer.close()


def _retention_ms(settings: Settings, *, for_ever: int) -> int:
    hours = settings.kafka_retention_hours
    return for_ever if hours < 0 else hours * 3_600_000


def _safe(settings: Settings) -> dict[str, str]:
    """Let a write be lost only when all replicas but one are, and refuse it before that."""
    return {"min.insync.replicas": str(max(1, settings.kafka_replication - 1))}

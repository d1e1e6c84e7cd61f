"""How every client of Kafka connects: to where, as whom, and how it is spoken to."""

import logging
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import TopicPartition

from schemas.settings import Settings

Client = Any  # the types that are known of kafka-python's clients are old

BOOTSTRAP_MILLISECONDS = 5000
RECONNECT_MILLISECONDS_MAX = 1000  # by itself it would wait half a minute, and miss that a broker is back
SESSION_MILLISECONDS = 6_000  # so soon the others of a group are given what a dead member had

# A broker that is away would be told of twice a second. Who uses a client says what failed.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


def options(settings: Settings, name: str) -> dict[str, Any]:
    """Return what kafka-python's clients of every kind are told; the broker's log calls this one `name`."""
    return {
        "bootstrap_servers": [server.strip() for server in settings.kafka.split(",")],
        "bootstrap_timeout_ms": BOOTSTRAP_MILLISECONDS,
        "reconnect_backoff_max_ms": RECONNECT_MILLISECONDS_MAX,
        "client_id": f"guildbook-{name}",
        "security_protocol": settings.kafka_security,
        **_version(settings),
        **_password(settings),
        **({"ssl_cafile": settings.kafka_ca_file} if settings.kafka_ca_file else {}),
    }


def options_of_reader(settings: Settings, name: str) -> dict[str, Any]:
    """Return what a consumer is told that reads what is committed, and looks itself after how far it is."""
    return {
        **options(settings, name),
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "check_crcs": not settings.kafka_api_version,  # who cannot say its version does not keep checksums right either
    }


def options_in_group(settings: Settings, group: str) -> dict[str, Any]:
    """Return what a reader is told that shares topics with others."""
    return {
        **options_of_reader(settings, group),
        "group_id": group,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "session_timeout_ms": SESSION_MILLISECONDS,
    }


def poll(consumer: Client, milliseconds: int) -> dict[TopicPartition, list[ConsumerRecord]]:
    """Return what has come for a member of a group.

    When a poll ends while kafka-python 3.0 joins because it has learnt of new partitions, it forgets that it does, and
    would never be given any: so it is reminded.
    """
    coordinator = consumer._coordinator  # noqa: SLF001
    if coordinator.rejoining and not coordinator.need_rejoin():
        coordinator.request_rejoin()
    return consumer.poll(milliseconds)


def _version(settings: Settings) -> dict[str, Any]:
    version = settings.kafka_version()
    return {"api_version": version} if version else {}


def _password(settings: Settings) -> dict[str, Any]:
    if not settings.kafka_security.startswith("SASL"):
        return {}
    return {
        "sasl_mechanism": settings.kafka_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password,
    }

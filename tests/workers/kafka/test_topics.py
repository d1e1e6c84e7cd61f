"""Topics are made as they are set, and left as they are when they are there already."""

from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from schemas.settings import read_settings
from tests.kafka_broker import ApacheKafka, Broker
from workers.kafka import topics

pytestmark = pytest.mark.xdist_group("kafka")

HOUR = 3_600_000


def described(broker: Broker, name: str) -> tuple[int, int, dict[str, str]]:
    """Return the partitions, the replicas and the settings of a topic."""
    admin: Any = KafkaAdminClient(bootstrap_servers=broker.servers)
    (topic,) = admin.describe_topics([name])
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    admin.close()
    partitions = topic["partitions"]
    configs = {key: config["value"] for key, config in found["topic"][name].items()}
    return len(partitions), len(partitions[0]["replica_nodes"]), configs


def test_topics_are_made_as_they_are_set(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = read_settings({**apache_kafka.settings(kafka_prefix), "GUILDBOOK_KAFKA_RETENTION_HOURS": "5"})
    topics.ensure(settings, [*topics.event_topics(settings), topics.positions_topic(settings)])
    partitions, replicas, configs = described(apache_kafka, f"{kafka_prefix}.awards")
    assert (partitions, replicas) == (3, 1)
    assert configs["retention.ms"] == str(5 * HOUR)
    assert configs["cleanup.policy"] == "delete"
    assert int(configs["max.message.bytes"]) > settings.snapshot_body_bytes_max * 4 / 3
    assert configs["min.insync.replicas"] == "1"


def test_watermarks_outlive_the_retention(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = read_settings({**apache_kafka.settings(kafka_prefix), "GUILDBOOK_KAFKA_RETENTION_HOURS": "5"})
    topics.ensure(settings, [topics.positions_topic(settings)])
    partitions, _, configs = described(apache_kafka, f"{kafka_prefix}.positions")
    assert partitions == 1
    assert configs["cleanup.policy"] == "compact"
    assert configs["min.compaction.lag.ms"] == str(5 * HOUR)


def test_events_are_kept_for_ever_when_that_is_set(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = read_settings({**apache_kafka.settings(kafka_prefix), "GUILDBOOK_KAFKA_RETENTION_HOURS": "-1"})
    topics.ensure(settings, [*topics.event_topics(settings), topics.positions_topic(settings)])
    assert described(apache_kafka, f"{kafka_prefix}.awards")[2]["retention.ms"] == "-1"
    assert described(apache_kafka, f"{kafka_prefix}.positions")[2]["min.compaction.lag.ms"] == str(2**63 - 1)


def test_a_topic_that_is_there_is_left_as_it_is(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    names = apache_kafka.settings(kafka_prefix)
    for partitions in ("2", "5"):
        settings = read_settings({**names, "GUILDBOOK_KAFKA_PARTITIONS": partitions})
        topics.ensure(settings, [topics.event_topic(settings, f"{kafka_prefix}.awards")])
    assert described(apache_kafka, f"{kafka_prefix}.awards")[0] == 2


def test_a_topic_that_cannot_be_made_is_named(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = read_settings({**apache_kafka.settings(kafka_prefix), "GUILDBOOK_KAFKA_REPLICATION": "3"})
    with pytest.raises(topics.TopicsMissingError, match=f"{kafka_prefix}.awards"):
        topics.ensure(settings, [topics.event_topic(settings, f"{kafka_prefix}.awards")])


def test_there_is_a_topic_for_every_context(kafka_prefix: str) -> None:
    settings = read_settings({"GUILDBOOK_KAFKA_PREFIX": kafka_prefix})
    names = [topic.name for topic in topics.event_topics(settings)]
    assert f"{kafka_prefix}.guilds" in names
    assert len(names) == len(set(names)) == 13


def test_replicated_topics_refuse_what_only_one_replica_would_have() -> None:
    settings = read_settings({"GUILDBOOK_KAFKA_REPLICATION": "3"})
    assert topics.positions_topic(settings).configs["min.insync.replicas"] == "2"

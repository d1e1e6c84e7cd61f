"""How Kafka is connected to: where, as whom, and whose certificate is believed."""

import pytest
from kafka.errors import KafkaError

from schemas.settings import SettingError, Settings, read_settings
from tests.kafka_broker import PASSWORD, USER, ApacheKafka
from workers.kafka import topics
from workers.kafka.connection import options

pytestmark = pytest.mark.xdist_group("kafka")


def settings_for(broker: ApacheKafka, prefix: str, **others: str) -> Settings:
    names = {
        "GUILDBOOK_KAFKA": broker.safe_servers,
        "GUILDBOOK_KAFKA_SECURITY": "SASL_SSL",
        "GUILDBOOK_KAFKA_USERNAME": USER,
        "GUILDBOOK_KAFKA_PASSWORD": PASSWORD,
        "GUILDBOOK_KAFKA_CA_FILE": str(broker.ca_file),
    }
    return read_settings({**broker.settings(prefix), **names, **others})


def test_kafka_is_told_a_password_under_tls(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix)
    topics.ensure(settings, [topics.positions_topic(settings)])


def test_a_wrong_password_is_refused(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix, GUILDBOOK_KAFKA_PASSWORD="another")
    with pytest.raises(KafkaError):
        topics.ensure(settings, [topics.positions_topic(settings)])


def test_a_certificate_that_nobody_vouches_for_is_refused(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix, GUILDBOOK_KAFKA_CA_FILE="")
    with pytest.raises(KafkaError):
        topics.ensure(settings, [topics.positions_topic(settings)])


@pytest.mark.parametrize("text", ["2", "two", "2.0.0.0", "2."])
def test_a_version_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="KAFKA_API_VERSION"):
        read_settings({"GUILDBOOK_KAFKA_API_VERSION": text})


def test_several_servers_are_separated_by_commas() -> None:
    settings = read_settings({"GUILDBOOK_KAFKA": "a:1, b:2"})
    assert options(settings, "tests")["bootstrap_servers"] == ["a:1", "b:2"]

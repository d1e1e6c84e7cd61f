"""The broker of the tests: what the report says of it is true."""

import pytest

from tests import kafka_broker
from tests.kafka_broker import ApacheKafka, Broker

pytestmark = pytest.mark.xdist_group("kafka")


def test_the_report_names_the_broker_that_runs(kafka: Broker) -> None:
    assert kafka_broker.describe().startswith(kafka.name)


@pytest.mark.faults
def test_a_stopped_broker_comes_back_at_the_same_address(apache_kafka: ApacheKafka) -> None:
    servers = apache_kafka.servers
    apache_kafka.stop()
    apache_kafka.start()
    assert apache_kafka.servers == servers

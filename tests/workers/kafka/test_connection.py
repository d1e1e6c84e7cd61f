"""Members of consumer groups: they are given partitions, whatever the client forgets."""

import pytest
from kafka import KafkaConsumer

from tests.books import until
from tests.kafka_broker import Broker
from tests.workers.kafka.carrying import carrier
from workers.kafka.connection import options_in_group, poll
from workers.kafka.topics import event_topics

pytestmark = pytest.mark.xdist_group("kafka")


async def test_a_member_is_given_partitions_however_short_its_polls_are(
    kafka: Broker, kafka_prefix: str, database_url: str
) -> None:
    if not kafka.is_real:
        pytest.skip(f"needs an Apache Kafka; there is {kafka.name}")
    with carrier(kafka, kafka_prefix, database_url) as carrying:
        names = [topic.name for topic in event_topics(carrying.settings)]
        for number in range(3):
            consumer = KafkaConsumer(**options_in_group(carrying.settings, f"{kafka_prefix}-{number}"))
            consumer.subscribe(names)

            def is_given_all(member: KafkaConsumer = consumer) -> bool:
                poll(member, 1)
                return len(member.assignment()) == 3 * len(names)

            await until(is_given_all)
            consumer.close()

"""Publishing: a batch is seen with its watermark or not at all, and there is one publisher."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kafka.errors import KafkaError

from schemas.settings import Settings, read_settings
from tests.kafka_broker import ApacheKafka, Broker
from tests.workers.kafka import listening
from workers.kafka import topics
from workers.kafka.publishing import Patience, Publisher, Watermark, last_watermark, publisher
from workers.kafka.records import Record

pytestmark = pytest.mark.xdist_group("kafka")


def settings_for(broker: Broker, prefix: str, **others: str) -> Settings:
    settings = read_settings({**broker.settings(prefix), **others})
    topics.ensure(settings, [topics.event_topic(settings, f"{prefix}.awards"), topics.positions_topic(settings)])
    return settings


@contextmanager
def publishing(settings: Settings) -> Iterator[Publisher]:
    with publisher(settings, Patience(lambda: False)) as opened:
        yield opened


def records(*positions: int, size: int = 2) -> list[Record]:
    return [
        Record("awards", b"awards-%d" % (number % 3), b"x" * size, [("position", b"%d" % number), ("version", b"1")])
        for number in positions
    ]


def positions_in(broker: Broker, prefix: str) -> list[int]:
    return sorted(map(listening.position_of, listening.events(broker, prefix, ["awards"])))


def test_nothing_was_ever_published_at_first(kafka: Broker, kafka_prefix: str) -> None:
    assert last_watermark(settings_for(kafka, kafka_prefix)) is None


def test_the_last_watermark_is_the_newest(kafka: Broker, kafka_prefix: str) -> None:
    settings = settings_for(kafka, kafka_prefix)
    with publishing(settings) as opened:
        for number in range(1, 16):
            opened.begin(records(number))
            opened.commit(number - 1, number)
    found = last_watermark(settings)
    assert found
    assert (found.after, found.to) == (14, 15)
    assert positions_in(kafka, kafka_prefix) == list(range(1, 16))


def test_what_was_not_committed_is_not_seen(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix)
    with publishing(settings) as opened:
        opened.begin(records(1, 2))
        opened.commit(0, 2)
        opened.begin(records(*range(3, 2000), size=1000))
    with publishing(settings) as opened:
        assert last_watermark(settings) == Watermark(0, 2, found_offsets(apache_kafka, kafka_prefix, upto=2))
        opened.begin(records(3, 4))
        opened.commit(2, 4)
    assert positions_in(apache_kafka, kafka_prefix) == [1, 2, 3, 4]
    marks = listening.watermarks(apache_kafka, kafka_prefix)
    listening.assert_watermarks_follow_one_another(marks, 4)
    listening.assert_watermarks_say_where_to_read(marks, listening.events(apache_kafka, kafka_prefix, ["awards"]))


def found_offsets(broker: Broker, prefix: str, upto: int) -> dict[str, dict[str, int]]:
    offsets: dict[str, int] = {}
    for record in listening.events(broker, prefix, ["awards"]):
        if listening.position_of(record) <= upto:
            offsets[str(record.partition)] = max(offsets.get(str(record.partition), 0), record.offset + 1)
    return {f"{prefix}.awards": offsets}


def test_a_zombie_is_fenced(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix)
    with publishing(settings) as zombie:
        zombie.begin(records(1, 2))
        with publishing(settings) as successor:
            successor.begin(records(1, 2))
            successor.commit(0, 2)
            with pytest.raises(KafkaError):
                zombie.commit(0, 2)
            successor.begin(records(3))
            successor.commit(2, 3)
    assert positions_in(apache_kafka, kafka_prefix) == [1, 2, 3]


def test_the_largest_event_fits(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    settings = settings_for(apache_kafka, kafka_prefix, GUILDBOOK_SNAPSHOT_BODY_BYTES_MAX="8000000")
    largest = topics.record_bytes_max(settings) - topics.ENVELOPE_BYTES_MAX
    with publishing(settings) as opened:
        opened.begin(records(1, 2, 3, size=largest))
        opened.commit(0, 3)
    assert positions_in(apache_kafka, kafka_prefix) == [1, 2, 3]

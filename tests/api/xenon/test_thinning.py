"""Which statuses a reader of the feed is told, and as of which positions."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from api.xenon.thinning import Reader
from domain.loads.events import IdsMapped, LoadEvent, LoadFinished, LoadStarted, LoadStatusReported
from store.codec import decode_closed
from store.tail import Told

NOW = datetime(2026, 2, 3, tzinfo=UTC)
Said = tuple[str, Any, int]


def told(position: int, event: LoadEvent) -> Told:
    data = msgspec.json.encode(event)
    assert decode_closed(event.stored_type, data) == event
    return Told(position, f"loads-{event.load}", 1, event, position, NOW, b"", event.stored_type, data)


def status(position: int, text: str, progress: float | None = 0.5, load: str = "a", target: int = 7300) -> Told:
    return told(position, LoadStatusReported(load=load, source=1, target=target, status=text, progress=progress))


def start(position: int, load: str = "a", target: int = 7300) -> Told:
    what = {"kind": "internal", "type": "backup", "user": 64, "backup": "b"}
    return told(position, LoadStarted(load=load, source=1, target=target, **what))


def done(position: int, load: str = "a") -> Told:
    what = {"type": "backup", "user": 64, "backup": "b", "outcome": "success", "progress": 1.0}
    return told(position, LoadFinished(load=load, source=1, target=7300, **what))


def taken(reader: Reader, event: Told, now: float) -> list[Said]:
    return [_said(text) for text in reader.take(event, now)]


def due(reader: Reader, up_to: int, now: float) -> list[Said]:
    return [_said(text) for text in reader.due(up_to, now)]


def _said(text: str) -> Said:
    frame = json.loads(text)
    return frame["event"], frame["data"].get("status"), frame["data"]["position"]


def test_the_first_status_is_told_at_once_and_the_next_after_five_seconds() -> None:
    reader = Reader(0)
    assert taken(reader, start(1), 100) == [("start", None, 1)]
    assert taken(reader, status(2, "one"), 100) == [("status", "one", 2)]
    assert taken(reader, status(3, "two"), 101) == []
    assert taken(reader, status(4, "three"), 104.9) == []
    assert (due(reader, 4, 104.9), reader.wait_seconds(104.9)) == ([], 105 - 104.9)
    assert due(reader, 4, 105) == [("status", "three", 4)]
    assert reader.wait_seconds(105) is None
    assert taken(reader, status(5, "four"), 110) == [("status", "four", 5)]


def test_what_has_not_changed_is_not_said_again() -> None:
    reader = Reader(0)
    assert taken(reader, status(2, "one"), 100) == [("status", "one", 2)]
    assert taken(reader, status(3, "one"), 106) == []
    assert taken(reader, status(4, "two"), 106) == [("status", "two", 4)]
    assert taken(reader, status(5, "three"), 107) == []
    assert taken(reader, status(6, "two"), 108) == []
    assert due(reader, 6, 120) == []


def test_a_status_without_progress_is_as_far_as_the_one_before() -> None:
    reader = Reader(0)
    frames = [*reader.take(status(1, "one", 0.5), 100), *reader.take(status(2, "two", None), 106)]
    assert [json.loads(text)["data"]["progress"] for text in frames] == [0.5, 0.5]
    assert json.loads(*Reader(0).take(status(1, "one", None), 0))["data"]["progress"] == 0


def test_nothing_is_said_of_a_status_after_the_end() -> None:
    reader = Reader(0)
    for event in (status(1, "one"), status(2, "two")):
        taken(reader, event, 100)
    assert taken(reader, done(3), 101) == [("done", None, 3)]
    assert (due(reader, 9, 200), reader.wait_seconds(200)) == ([], None)


def test_a_status_that_was_overtaken_is_told_as_of_a_position_of_its_own() -> None:
    reader = Reader(0)
    for event in (status(1, "one"), status(2, "two")):
        taken(reader, event, 100)
    assert taken(reader, start(3, "b"), 101) == [("start", None, 3)]
    assert due(reader, 3, 105) == []  # there is no position yet that nothing else was told of
    assert reader.wait_seconds(106) == -1
    assert taken(reader, start(4, "c"), 106) == [("start", None, 4)]
    assert taken(reader, start(6, "d"), 107) == [("status", "two", 5), ("start", None, 6)]


def test_positions_grow_whatever_is_held_back() -> None:
    reader = Reader(0)
    for number in range(1, 4):
        taken(reader, status(number, "one", load=str(number)), 100)
        taken(reader, status(number + 10, "two", load=str(number)), 101)
    assert due(reader, 14, 105) == [("status", "two", 11), ("status", "two", 12), ("status", "two", 13)]


def test_loads_are_thinned_each_for_itself() -> None:
    reader = Reader(0)
    assert taken(reader, status(1, "one"), 100) == [("status", "one", 1)]
    assert taken(reader, status(2, "one", load="b"), 100) == [("status", "one", 2)]


def test_a_reader_of_some_guilds_hears_of_no_other() -> None:
    reader = Reader(0, frozenset({7300}))
    assert taken(reader, start(1, "b", target=7400), 100) == []
    assert taken(reader, status(2, "one", load="b", target=7400), 100) == []
    assert taken(reader, start(3), 100) == [("start", None, 3)]


def test_what_is_no_beginning_end_or_status_is_not_told() -> None:
    assert list(Reader(0).take(told(1, IdsMapped(load="a", source=1, target=2, pairs=())), 1)) == []

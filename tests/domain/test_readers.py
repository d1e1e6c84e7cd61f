"""Who reads the trail is written down, once for a while, and again as soon as more is opened."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import Event
from domain.privacy.commands import read_trail
from domain.privacy.events import TrailRead
from domain.privacy.readers import AGAIN_AFTER, LOOKS_MAX, READER
from tests.domain.book import Story, given

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
WHO = "accounts-5"
AN_INSTANT = timedelta(microseconds=1)


def read(query: str = "stream teams-3", *, reveals: bool = False, later: timedelta = timedelta()) -> TrailRead:
    return TrailRead(reader=WHO, query=query, reveals=reveals, at=NOON + later)


def looks(story: Story, look: TrailRead) -> Story:
    return story.when(read_trail, reader=look.reader, query=look.query, reveals=look.reveals, at=look.at)


def test_a_look_is_recorded_and_the_same_look_is_not_recorded_again() -> None:
    story = looks(given(), read()).then(read())
    story.again().says_nothing()
    looks(story, read(later=AGAIN_AFTER - AN_INSTANT)).says_nothing()


@pytest.mark.parametrize(
    "other",
    [
        read("stream teams-4"),
        read(reveals=True),
        read(later=AGAIN_AFTER),
        TrailRead(reader="accounts-6", query="stream teams-3", at=NOON),
    ],
)
def test_another_look_is_recorded(other: TrailRead) -> None:
    looks(given(read()), other).then(other)


def test_who_saw_everything_a_moment_ago_sees_nothing_more() -> None:
    looks(given(read(reveals=True)), read()).says_nothing()


def test_only_the_last_looks_are_remembered() -> None:
    past: list[Event] = [read(f"stream teams-{n}") for n in range(LOOKS_MAX + 5)]
    state = READER.fold(past)
    assert state
    assert len(state.looks) == LOOKS_MAX
    assert READER.fold([*past, read(later=timedelta(hours=1))]) == READER.fold([read(later=timedelta(hours=1))])

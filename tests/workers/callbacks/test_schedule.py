"""The retry schedule, by a clock that only the test moves."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.callbacks.outbox import Due, Lane
from workers.callbacks.post import Attempt
from workers.callbacks.schedule import DELAYS_SECONDS, RETRY_AFTER_SECONDS_MAX, retry_at, seconds_asked
from workers.callbacks.sender import result_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_a_delivery_that_always_fails_is_tried_for_about_three_days_and_then_given_up() -> None:
    at, attempts = NOW, 1
    while (next_at := retry_at(attempts, at, chance=0.5)) is not None:
        at, attempts = next_at, attempts + 1
    assert timedelta(days=2.5) < at - NOW < timedelta(days=3.5)
    assert attempts == len(DELAYS_SECONDS) + 1


def test_every_delay_is_spread_by_chance_and_never_shorter_than_the_one_before() -> None:
    for attempts, delay in enumerate(DELAYS_SECONDS, start=1):
        earliest, latest = retry_at(attempts, NOW, 0.0), retry_at(attempts, NOW, 1.0)
        assert earliest
        assert latest
        assert earliest < NOW + timedelta(seconds=delay) < latest
        assert latest - NOW <= timedelta(seconds=delay * 1.21)
    assert sorted(DELAYS_SECONDS) == list(DELAYS_SECONDS)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-5", 0),
        ("1e3", 0),
        ("soon", 0),
        ("٣", 0),
        ("9" * 400, 0),
        ("99999999", RETRY_AFTER_SECONDS_MAX),
        ("Sat, 21 Nov 2026 09:10:00 GMT", 600),
        ("Sat, 21 Nov 2026 09:10:00 -0000", 600),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_SECONDS_MAX),
        ("Sat, 99 Nov 2026 09:10:00 GMT", 0),
        ("Sat, 21 Nov 99999999999999 09:10:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_capped(header: str | None, seconds: float) -> None:
    assert seconds_asked(header, NOW) == seconds


def test_what_is_asked_for_counts_when_it_is_longer_than_the_schedule() -> None:
    assert retry_at(1, NOW, 0.5, asked_seconds=100) == NOW + timedelta(seconds=100)
    assert retry_at(4, NOW, 0.5, asked_seconds=100) == NOW + timedelta(seconds=600)


@pytest.mark.parametrize(
    ("status", "attempts", "state"),
    [
        (200, 0, "delivered"),
        (204, 3, "delivered"),
        (299, 0, "delivered"),
        (199, 0, "pending"),
        (301, 0, "pending"),
        (404, 0, "pending"),
        (410, 0, "pending"),
        (500, 0, "pending"),
        (None, 0, "pending"),
        (500, len(DELAYS_SECONDS) - 1, "pending"),
        (500, len(DELAYS_SECONDS), "dead"),
    ],
)
def test_only_two_hundreds_count_as_delivered(status: int | None, attempts: int, state: str) -> None:
    due = Due("msg_1_1", Lane(1, "accounts-1"), 1, "account_created", b"{}", attempts)
    result = result_of(due, Attempt(started_at=NOW, duration_ms=1, status=status), NOW, 0.5)
    assert (result.state, result.number, result.due_at is not None) == (state, attempts + 1, state == "pending")

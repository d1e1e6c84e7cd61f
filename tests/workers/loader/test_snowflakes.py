"""New ids: their time, their order, and that no two are alike."""

from datetime import UTC, datetime

from workers.loader.snowflakes import EPOCH_MS, Snowflakes, time_of


def test_an_id_says_when_it_was_made() -> None:
    at = datetime(2026, 2, 3, 10, 20, 30, 5000, tzinfo=UTC)
    [number] = Snowflakes(lambda: round(at.timestamp() * 1000)).some(1)
    assert time_of(number) == at


def test_ids_of_one_moment_and_of_a_clock_that_goes_back_are_all_different_and_in_order() -> None:
    clock = iter([EPOCH_MS + 5, EPOCH_MS + 5, EPOCH_MS + 1, EPOCH_MS + 6])
    snowflakes = Snowflakes(lambda: next(clock))
    made = [number for _ in range(4) for number in snowflakes.some(25)]
    assert made == sorted(set(made))

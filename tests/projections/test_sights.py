"""What is shown of events to those who follow the log, whatever stands in it."""

from datetime import UTC, datetime

import msgspec
import pytest

from projections.sights import line_with_text
from store.codec import decode_closed
from store.tail import Told
from tests.store.test_history import BROKEN

GOOD = b'{"actor": "operator", "surface": "tests"}'


def told(stored_type: str, data: bytes, meta: bytes) -> Told:
    return Told(1, "x-5", 1, decode_closed(stored_type, data), 1, datetime.now(UTC), meta, stored_type, data)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("stored_type", ["accounts.AccountCreated", "teams.TeamCreated", "teams.Forgotten"])
def test_an_event_that_cannot_be_read_is_shown_as_far_as_it_can(stored_type: str, broken: bytes) -> None:
    for data, meta in ((broken, GOOD), (broken, broken)):
        shown = msgspec.json.decode(line_with_text(told(stored_type, data, meta)).text)
        assert (shown["type"], shown["actor"]) == (stored_type, "operator" if meta is GOOD else "")


def test_a_text_in_no_encoding_breaks_no_stream() -> None:
    data = b'{"team": 5, "name": "Azores", "more": "\xff"}'
    assert "Azores" in line_with_text(told("teams.TeamCreated", data, GOOD)).text

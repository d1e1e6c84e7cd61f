"""What is stored stays readable: old events lack new fields, and newer ones hold fields that are not known yet."""

import msgspec
import pytest

from domain.accounts.events import AccountCreated, AccountDeleted, TeamChanged
from domain.catalogue import EVENTS
from domain.kernel import Event
from domain.sessions.events import SessionOpened
from tests.domain.samples import INES, session


@pytest.mark.parametrize(
    ("stored", "event"),
    [
        (
            '{"account":204,"name":"Ines","discriminator":"0412"}',
            AccountCreated(account=204, name="Ines", discriminator="0412", avatar_url=None, team=None, permissions=0),
        ),
        ('{"account":204}', AccountDeleted(account=204, team=None)),
        (
            '{"session":41,"kind":"polympics","account":204,"token_hash":"ab"}',
            SessionOpened(
                session=41, kind="polympics", account=204, token_hash="ab", expires_at=None, name=None, scopes=()
            ),
        ),
    ],
    ids=["account", "deletion", "session"],
)
def test_an_event_from_before_a_field_existed_reads_as_if_it_had_the_default(stored: str, event: Event) -> None:
    assert msgspec.json.decode(stored, type=type(event)) == event


def test_a_field_that_a_later_release_added_is_read_over() -> None:
    stored = '{"account":204,"from":3,"to":null,"reason":"self","season":2}'
    assert msgspec.json.decode(stored, type=TeamChanged) == TeamChanged(account=204, left=3, joined=None, reason="self")


@pytest.mark.parametrize("event", [INES, session(41, 204), TeamChanged(account=204, left=3, joined=4, reason="moved")])
def test_what_is_stored_reads_back_as_it_was(event: Event) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def test_an_event_is_stored_under_its_context_and_its_own_name() -> None:
    names = {f"{event.__module__.split('.')[1]}.{event.__name__}": event for event in EVENTS.values()}
    assert names == EVENTS

"""Retention erases whom nobody saw for long, and leaves those who are held, who are members, and who came back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.aggregate import Profile
from domain.guilds.commands import report_guild, report_members
from domain.guilds.reports import GuildReport, MemberReport
from domain.permissions import OPERATOR
from domain.privacy.commands import change_retention, place_hold
from domain.privacy.events import RetentionApplied, Rule
from domain.processes.create_account import create_account
from domain.processes.delete_account import delete_account
from domain.processes.open_session import open_session
from domain.teams.commands import create_team
from store.event_store import EventStore
from store.log import read_streams
from tests.books import ORIGIN, ask, opened, projecting, shown
from tests.deeds import LATER
from workers.retention import apply_rules, due_of_rules

UNSEEN, MEMBER, ACTOR, LOGGED_IN, DELETED, GONE = range(101, 107)
TOMORROW = datetime.now(UTC) + timedelta(days=1)
AGE = """
    SET session_replication_role = replica;
    UPDATE book.log SET recorded_at = recorded_at - interval '400 days'
"""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    """Yield a book in which people were known 400 days ago, and only some were seen since."""
    async with opened(database_url) as found, projecting(database_url):
        await _long_ago(found)
        ask(database_url, AGE)
        origin = type(ORIGIN)(actor=f"accounts-{ACTOR}", surface="tests")
        await found.execute(origin, create_team, OPERATOR, name="Azores")
        await found.execute(ORIGIN, open_session, OPERATOR, account=LOGGED_IN, token_hash="5" * 64, expires_at=LATER)
        await shown(database_url)
        yield found


async def _long_ago(store: EventStore) -> None:
    for number in (UNSEEN, MEMBER, ACTOR, LOGGED_IN, DELETED):
        made = {"profile": Profile(number, "somebody", "0412", None), "team": None, "permissions": 0}
        await store.execute(ORIGIN, create_account, OPERATOR, **made, signups_default=True)
    guild = {"report": GuildReport(id=920, owner=1, name="Açores"), "roles": (), "channels": (), "bot": 77}
    await store.execute(ORIGIN, report_guild, **guild)
    members = [MemberReport(id=number, username="somebody") for number in (MEMBER, GONE)]
    await store.execute(ORIGIN, report_members, guild=920, members=members)
    await store.execute(ORIGIN, report_members, guild=920, gone=[GONE])
    await store.execute(ORIGIN, delete_account, OPERATOR, account=DELETED)


async def rule(store: EventStore, *rules: Rule) -> None:
    await store.execute(ORIGIN, change_retention, rules=rules)


def people(*numbers: int) -> tuple[str, ...]:
    return tuple(f"accounts-{number}" for number in numbers)


async def test_nobody_is_erased_while_there_is_no_rule(store: EventStore) -> None:
    await apply_rules(store, TOMORROW)
    assert await due_of_rules(store, TOMORROW) == []


async def test_whom_nobody_saw_is_due_and_who_is_held_is_left(store: EventStore) -> None:
    await rule(store, Rule("unseen_people", 365))
    await store.execute(ORIGIN, place_hold, subject=f"accounts-{DELETED}", reference="case 7")
    [due] = await due_of_rules(store, TOMORROW)
    assert due.held == people(DELETED)
    assert due.subjects == people(UNSEEN, GONE)


async def test_nobody_is_due_before_their_time(store: EventStore) -> None:
    await rule(store, Rule("unseen_people", 500), Rule("deleted_accounts", 500))
    assert [(due.subjects, due.held) for due in await due_of_rules(store, TOMORROW)] == [((), ()), ((), ())]


async def test_people_whose_account_was_deleted_are_erased_and_it_is_written_down_once(store: EventStore) -> None:
    await rule(store, Rule("deleted_accounts", 30))
    await apply_rules(store, TOMORROW)
    await apply_rules(store, TOMORROW)
    assert not await store.keyring.has_key(f"accounts-{DELETED}")
    assert await store.keyring.has_key(f"accounts-{UNSEEN}")
    async with store.pool.connection() as connection:
        found = await read_streams(connection, store.keyring, ["privacy-retention"])
    applied = RetentionApplied(data_class="deleted_accounts", erased=1)
    assert found["privacy-retention"].events[1:] == [applied]


async def test_who_came_back_after_deletion_is_not_erased(store: EventStore) -> None:
    made = {"profile": Profile(DELETED, "somebody again", "0412", None), "team": None, "permissions": 0}
    await store.execute(ORIGIN, create_account, OPERATOR, **made, signups_default=True)
    await rule(store, Rule("deleted_accounts", 1))
    assert [due.subjects for due in await due_of_rules(store, TOMORROW)] == [()]

"""Whatever is commanded in whatever order, what must always hold does, and nothing is said twice."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from domain.accounts.aggregate import ACCOUNT, Edit, Profile
from domain.accounts.commands import make_superuser, turn_signups
from domain.apps.aggregate import APP
from domain.apps.commands import edit_app
from domain.awards.aggregate import AWARD, HOLDING
from domain.awards.commands import delete_award
from domain.callbacks.aggregate import CALLBACK
from domain.callbacks.commands import pause_callback, remove_callback, resume_callback, rotate_secret
from domain.kernel import Entity, RefusalError
from domain.permissions import Actor
from domain.processes.add_callback import add_callback
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.delete_account import delete_account
from domain.processes.delete_app import delete_app
from domain.processes.delete_team import delete_team
from domain.processes.edit_account import edit_account
from domain.processes.edit_award import edit_award
from domain.processes.grant_award import grant_award, revoke_award
from domain.processes.open_session import log_in, open_session
from domain.processes.register_callback import register_callback
from domain.sessions.aggregate import SESSION
from domain.sessions.commands import close_session
from domain.teams.aggregate import TEAM
from domain.teams.commands import create_team, rename_team
from tests.domain.book import FIRST_NEW_ID, RecordedBook
from tests.domain.samples import (
    AZORES,
    BOT,
    BOTS_CALLBACK,
    BRONZE,
    INES,
    MADEIRA,
    OWNER,
    SILVER,
    SOON,
    account,
    holding,
)

S = TypeVar("S")

HELD_BY_ACCOUNTS = {mask for mask in range(128) if not mask & 16}
HELD_BY_APPS = {mask for mask in range(128) if not mask & 32}
PAST = (
    AZORES,
    MADEIRA,
    BRONZE,
    SILVER,
    BOT,
    BOTS_CALLBACK,
    INES,
    OWNER,
    account(205, 4, 111),
    holding(8, 204),
    holding(9, 205),
)
BEGETTERS = {create_team, create_award, open_session, log_in, add_callback}
"""Each time they are asked, there is one more: a team, an award, a session, a callback."""

accounts = st.sampled_from([204, 205, 206, 207])
teams = st.sampled_from([3, 4, FIRST_NEW_ID])
awards = st.sampled_from([8, 9, FIRST_NEW_ID])
apps = st.just(1)
sessions = st.integers(FIRST_NEW_ID, FIRST_NEW_ID + 2)
kinds = st.sampled_from(["team_deleted", "account_deleted"])
names = st.sampled_from(["team_deleted", "account_deleted", str(FIRST_NEW_ID), str(FIRST_NEW_ID + 1)])
secrets = st.sampled_from([f"whsec_{letter * 32}" for letter in "AB"])
masks = st.one_of(st.sampled_from([0, 1, 2, 8, 16, 32, 64]), st.integers(0, 127))
texts = st.sampled_from(["", "a", "b"])
moves = st.one_of(st.just(UNSET), st.none(), teams)
profiles = st.builds(Profile, accounts, texts, texts, st.none() | texts)
wishes = st.builds(Edit, name=texts, team=moves, grant=masks, revoke=masks, profile=st.none() | profiles)
callers = st.one_of(accounts, st.sampled_from([Actor(app=1, permissions=mask) for mask in (0, 95, 95, 95)]))


class Order(NamedTuple):
    """A command as it will be issued; the actor is an app, or the account whose session it is."""

    command: Callable[..., Any]
    caller: Actor | int | None
    arguments: dict[str, Any]


def order(
    command: Callable[..., Any], caller: st.SearchStrategy = callers, **arguments: st.SearchStrategy
) -> st.SearchStrategy[Order]:
    return st.builds(Order, st.just(command), caller, st.fixed_dictionaries(arguments))


ways_in = {"token_hash": st.just("ab"), "expires_at": st.just(SOON)}
addresses = {"url": texts, "secret": texts}
nobody = st.none()
orders = st.one_of(
    order(turn_signups, nobody, is_open=st.booleans()),
    order(make_superuser, nobody, account=accounts),
    order(create_account, profile=profiles, team=st.none() | teams, permissions=masks, signups_default=st.just(True)),
    order(edit_account, account=accounts, edit=wishes),
    # Of several wishes at once one is nearly always refused, so they are issued one by one too.
    order(edit_account, account=accounts, edit=st.builds(Edit, team=moves)),
    order(edit_account, account=accounts, edit=st.builds(Edit, grant=masks)),
    order(edit_account, account=accounts, edit=st.builds(Edit, revoke=masks)),
    order(delete_account, account=accounts),
    order(create_team, name=texts),
    order(rename_team, team=teams, name=texts),
    order(delete_team, team=teams),
    order(create_award, title=texts, image_url=texts, team=teams, accounts=st.lists(accounts, max_size=3)),
    order(edit_award, award=awards, title=texts, image_url=texts, team=moves),
    order(delete_award, award=awards),
    order(grant_award, award=awards, account=accounts),
    order(revoke_award, award=awards, account=accounts),
    order(open_session, account=accounts, **ways_in),
    order(log_in, nobody, profile=profiles, signups_default=st.just(True), **ways_in),
    order(close_session, nobody, session=sessions, reason=st.just("revoked")),
    order(register_callback, nobody, app=apps, event=kinds, **addresses),
    order(add_callback, nobody, app=apps, url=texts, secret=secrets),
    order(remove_callback, nobody, app=apps, event=names),
    order(pause_callback, nobody, app=apps, event=names),
    order(resume_callback, nobody, app=apps, event=names),
    order(rotate_secret, nobody, app=apps, event=names, secret=secrets, overlap_ends_at=st.just(SOON)),
    order(edit_app, nobody, app=apps, name=st.none() | texts, grant=masks, revoke=masks),
    order(delete_app, nobody, app=apps),
)

histories = st.lists(orders, min_size=10, max_size=30)


def issue(book: RecordedBook, wanted: Order) -> list[object]:
    """Issue a command as its caller is now; return what was said, nothing when it was refused."""
    caller = wanted.caller
    actor = session_of(book, caller) if isinstance(caller, int) else caller
    try:
        _, said = book.execute(wanted.command, *([actor] if actor else []), **wanted.arguments)
    except RefusalError:
        return []
    return [event for _, event in said]


def session_of(book: RecordedBook, account_id: int) -> Actor:
    """Return a session of the account, an actor without rights when there is no such account."""
    known = book.state(ACCOUNT, ACCOUNT.stream(account_id))
    if known is None:
        return Actor()
    return Actor(account=known.id, team=known.team, permissions=known.permissions)


def everything(book: RecordedBook, entity: Entity[S]) -> Iterator[tuple[str, S]]:
    """Return all that exists of an entity, with its stream."""
    for name in book.names(entity):
        state = book.state(entity, name)
        if state is not None:
            yield name, state


def exists(book: RecordedBook, entity: Entity[Any], entity_id: int) -> bool:
    return book.state(entity, entity.stream(entity_id)) is not None


def in_no_team(book: RecordedBook) -> Iterator[str]:
    for name, one in [*everything(book, ACCOUNT), *everything(book, AWARD)]:
        if one.team is not None and not exists(book, TEAM, one.team):
            yield f"{name} is of a team that does not exist"


def held_by_nobody(book: RecordedBook) -> Iterator[str]:
    for name, one in everything(book, HOLDING):
        if not exists(book, AWARD, one.award) or not exists(book, ACCOUNT, one.account):
            yield f"{name} is held by nobody, or is no award"


def left_open(book: RecordedBook) -> Iterator[str]:
    for name, one in everything(book, SESSION):
        if not exists(book, ACCOUNT, one.account):
            yield f"{name} lets in somebody who does not exist"
    for name, one in everything(book, CALLBACK):
        if not exists(book, APP, one.app):
            yield f"{name} tells an app that does not exist"


def impossible_to_hold(book: RecordedBook) -> Iterator[str]:
    for name, one in everything(book, ACCOUNT):
        if one.permissions not in HELD_BY_ACCOUNTS:
            yield f"{name} holds {one.permissions}"
    for name, one in everything(book, APP):
        if one.permissions not in HELD_BY_APPS:
            yield f"{name} holds {one.permissions}"


def broken(book: RecordedBook) -> list[str]:
    """Return whatever should not be."""
    return [*in_no_team(book), *held_by_nobody(book), *left_open(book), *impossible_to_hold(book)]


@settings(max_examples=200, deadline=None)
@given(histories)
def test_what_must_always_hold_does_after_every_command(wanted: list[Order]) -> None:
    book = RecordedBook(*PAST)
    for each in wanted:
        issue(book, each)
        assert broken(book) == []


@settings(max_examples=200, deadline=None)
@given(histories)
def test_a_command_that_is_repeated_at_once_says_nothing_or_is_refused(wanted: list[Order]) -> None:
    book = RecordedBook(*PAST)
    for each in wanted:
        said = issue(book, each)
        assert each.command in BEGETTERS or issue(book, each) == [], f"{each} said {said} and then more"

"""Histories of a real log: what each event changed, what was, and that nothing is shown that must not be."""

import json
from typing import Any

import pytest

from domain.accounts.aggregate import Edit
from domain.apps.commands import create_bot, reset_bot_token
from domain.entities import entity_of
from domain.guilds.commands import report_guild
from domain.guilds.reports import GuildReport, RoleReport
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.edit_account import edit_account
from domain.processes.register_callback import register_callback
from store.codec import Origin
from store.differences import Change, Covered, Withheld, changes_between, fields_of, plain
from store.event_store import EventStore
from store.history import Folds, Step, TooLongError, history_of, page_of, past_of, state_as_of, steps_of
from tests.books import ORIGIN, ask, opened
from tests.deeds import Deeds, do_many
from tests.domain.samples import profile

SEALED, ERASED, SECRET = Withheld("sealed"), Withheld("erased"), Withheld("secret")
DEEDS = 400
FROM_SOMEWHERE = Origin(actor="apps-77", surface="tests", address="192.0.2.7")
STREAM = "accounts-204"
BROKEN = (
    *(b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"account": "x"}', b"{}"),
    *(b'{"sealed": 5}', b'{"sealed": "x x"}', b'{"sealed": "\\u0000 x", "address": "\\u0000"}'),
    b'{"more": ' * 3000 + b"1" + b"}" * 3000,
)


async def fill(store: EventStore) -> None:
    """Create an account that is called Ines, rename it to Rui, and say something else of it."""
    wishes = {"team": None, "permissions": 0, "signups_default": True}
    await store.execute(FROM_SOMEWHERE, create_account, OPERATOR, profile=profile(204), **wishes)
    await store.execute(ORIGIN, edit_account, OPERATOR, account=204, edit=Edit(name="Rui"))
    await store.execute(ORIGIN, edit_account, OPERATOR, account=204, edit=Edit(grant=4))


def told(step: Step) -> dict[str, tuple[Any, Any]]:
    return {change.path: (change.before, change.after) for change in step.changes}


async def test_all_that_is_ever_written_has_a_history_that_adds_up(database_url: str) -> None:
    async with opened(database_url) as store:
        await do_many(store, Deeds(6), DEEDS)
        streams = ask(database_url, "SELECT stream, array_agg(position ORDER BY version) FROM book.log GROUP BY stream")
        for stream, positions in streams:
            assert isinstance(positions, list)
            await adds_up(store, str(stream), positions)


async def adds_up(store: EventStore, stream: str, positions: list[int]) -> None:
    """Each step names what differs between the states before and after it, and at the end is what commands see."""
    entity = entity_of(stream)
    assert entity, stream
    steps = await history_of(store, stream, reveals=True)
    assert [step.position for step in steps] == positions
    before: dict[str, Any] = {}
    for step in steps:
        assert step.fault is None
        after = await state_as_of(store, stream, step.position, reveals=True) or {}
        differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert differ <= {change.path.partition(".")[0] for change in step.changes}
        before = after
    known = (await store.load(entity, stream)).state
    open_now = {name: value for name, value in before.items() if value != SECRET}
    assert open_now.items() <= plain(fields_of(known)).items() if known is not None else not before
    assert [await history_of(store, stream, after=n, limit=1, reveals=True) for n in range(len(steps))] == [
        [step] for step in steps
    ]


async def test_personal_fields_are_sealed_until_somebody_asks_for_them(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        created, renamed, granted = await history_of(store, STREAM)
        assert (created.address, created.data["name"]) == (SEALED, SEALED)
        assert told(renamed) == {"name": (SEALED, SEALED)}
        assert told(granted) == {"permissions": (0, 4)}
        assert await state_as_of(store, STREAM, 99) == {
            "id": 204,
            "team": None,
            "permissions": 4,
            "state": "normal",
            "guild_list": "",
            **dict.fromkeys(("name", "discriminator", "avatar_url"), SEALED),
        }
        created, renamed, _ = await history_of(store, STREAM, reveals=True)
        assert (created.address, created.data["name"]) == ("192.0.2.7", "Ines")
        assert told(renamed) == {"name": ("Ines", "Rui")}


async def test_what_is_erased_is_said_to_be_and_what_came_after_is_not(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
    ask(database_url, "DELETE FROM book.keys")
    async with opened(database_url) as store:
        await store.execute(ORIGIN, edit_account, OPERATOR, account=204, edit=Edit(name="Eva"))
        for reveals, name in ((True, "Eva"), (False, SEALED)):
            created, renamed, _, again = await history_of(store, STREAM, reveals=reveals)
            assert (created.address, created.data["name"], created.data["permissions"]) == (ERASED, ERASED, 0)
            assert told(renamed) == {}
            assert told(again) == {"name": (ERASED, name)}
            state = await state_as_of(store, STREAM, 99, reveals=reveals)
            assert state
            assert (state["name"], state["discriminator"], state["id"]) == (name, ERASED, 204)


async def test_secrets_are_shown_to_nobody_and_yet_their_change_is(database_url: str) -> None:
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    async with opened(database_url) as store:
        await store.execute(ORIGIN, create_bot, app=5, name="bot", token_hash="a" * 64, scopes=("events:read",))
        await store.execute(ORIGIN, reset_bot_token, app=5, token_hash="b" * 64)
        wishes = {"event": "account_team_update", "url": "https://a.example", "secret": secret}
        await store.execute(ORIGIN, register_callback, app=5, **wishes)
        for stream in ("apps-5", "callbacks-5-account_team_update"):
            shown = str([await history_of(store, stream, reveals=True), await past_of(store, stream, 99, reveals=True)])
            assert not any(text in shown for text in ("a" * 64, "b" * 64, secret))
            assert str(SECRET) in shown
        assert told((await history_of(store, "apps-5"))[-1]) == {"bot_token_hash": (SECRET, SECRET)}


async def test_an_event_that_cannot_be_decoded_is_shown_as_such_and_changes_nothing(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        for broken in BROKEN:
            put(database_url, STREAM, "accounts.AccountCreated", broken)
            put(database_url, STREAM, "accounts.Forgotten", broken)
        *_, granted = (await history_of(store, STREAM, reveals=True))[:3]
        assert told(granted) == {"permissions": (0, 4)}
        steps = (await history_of(store, STREAM, reveals=True))[3:]
        assert [step.changes for step in steps] == [()] * 2 * len(BROKEN)
        assert all(step.fault for step in steps)
        assert {step.fault for step in steps[1::2]} == {"UnknownEventError"}
        assert (await state_as_of(store, STREAM, 99, reveals=True) or {})["name"] == "Rui"


def put(url: str, stream: str, kind: str, data: bytes) -> None:
    """Write an event with these very bytes, also in the place of who did it."""
    insert = """
        INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
        SELECT last + 1, %s, (SELECT count(*) + 1 FROM book.log WHERE stream = %s), %s, %s, %s, last + 1, now()
        FROM book.head() AS last
    """
    ask(url, insert, stream, stream, kind, data, data)


async def test_a_password_in_the_data_of_an_unknown_event_is_not_shown(database_url: str) -> None:
    data = json.dumps({"token_hash": "aa", "secret": "bb", "sealed": "cc", "note": "dd"}).encode()
    async with opened(database_url) as store:
        put(database_url, "apps-5", "apps.Forgotten", data)
        [step] = await history_of(store, "apps-5", reveals=True)
        assert step.data == {"token_hash": SECRET, "secret": SECRET, "note": "dd"}


async def test_there_is_nothing_of_what_never_was(database_url: str) -> None:
    async with opened(database_url) as store:
        assert await history_of(store, STREAM) == []
        assert await past_of(store, STREAM, 99) == (None, None)


async def test_long_histories_are_read_in_parts(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.history.READ_EVENTS", 2)
    roles = [RoleReport(id=1000, name="@everyone")]
    async with opened(database_url) as store:
        for name in "abcdefg":
            told_now = GuildReport(id=1000, owner=7, name=name)
            await store.execute(ORIGIN, report_guild, report=told_now, roles=roles, channels=[], bot=30)
        steps = await history_of(store, "guilds-guild-1000", after=3)
        assert [told(step) for step in steps] == [{"name": tuple(pair)} for pair in ("cd", "de", "ef", "fg")]
        assert [step async for step in steps_of(store, "guilds-guild-1000", 3)] == steps
        monkeypatch.setattr("store.history.READ_BYTES", 1)
        assert await history_of(store, "guilds-guild-1000", after=3) == steps


async def test_a_page_of_large_events_has_fewer(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(database_url) as store:
        await fill(store)
        first, second, third = await history_of(store, STREAM)
        assert await page_of(store, STREAM, 0, 3) == ([first, second, third], None)
        assert await page_of(store, STREAM, 0, 2) == ([first, second], 2)
        monkeypatch.setattr("store.history.PAGE_BYTES", 1)
        assert await page_of(store, STREAM, 0, 3) == ([first], 1)
        assert await page_of(store, STREAM, 2, 3) == ([third], None)


async def test_what_lies_too_far_from_the_beginning_is_not_followed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.history.FOLDED_EVENTS_MAX", 2)
    async with opened(database_url) as store:
        await fill(store)
        assert [step.version for step in await history_of(store, STREAM, limit=2)] == [1, 2]
        assert [step.version for step in await history_of(store, STREAM, up_to=2)] == [1, 2]
        for after, limit in ((0, 3), (2, 1)):
            with pytest.raises(TooLongError):
                await history_of(store, STREAM, after=after, limit=limit)
        assert len([step async for step in steps_of(store, STREAM)]) == 3


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2, "b": None}, [("a", 1, 2)]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2, "d": 3}}}, [("a.b.c", 1, 2), ("a.b.d", None, 3)]),
        ({"a": (1, 2)}, {"a": (1, 2, 3)}, [("a.2", None, 3)]),
        ({"a": (1, 2, 3)}, {"a": (1,)}, [("a.1", 2, None), ("a.2", 3, None)]),
        ({"a": (1, 2)}, {"a": (2, 1)}, [("a", [1, 2], [2, 1])]),
        ({"a": frozenset({1, 2})}, {"a": frozenset({2, 3})}, [("a", [1], [3])]),
        ({"a": Covered("sealed", "x")}, {"a": Covered("sealed", "x")}, []),
        ({"a": Covered("sealed", "x")}, {"a": Covered("sealed", "y")}, [("a", SEALED, SEALED)]),
        ({"a": {"b": 1}}, {"a": Covered("erased", None)}, [("a", {"b": 1}, ERASED)]),
    ],
)
def test_what_differs_is_named_by_its_path(before: Any, after: Any, changes: list[tuple[str, Any, Any]]) -> None:  # noqa: ANN401 - any states
    assert list(changes_between(before, after)) == [Change(*change) for change in changes]


def test_what_is_covered_is_nowhere_in_what_is_shown() -> None:
    assert plain({"a": [Covered("secret", "x")], "b": {"c": Covered("erased", None)}}) == {
        "a": [SECRET],
        "b": {"c": ERASED},
    }


def test_a_state_that_rests_as_a_whole_on_what_is_sealed_is_covered() -> None:
    assert plain(Folds("hidden", None, "hidden").seen()) == {"value": SEALED}

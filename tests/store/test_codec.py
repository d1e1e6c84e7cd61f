"""What is personal is nowhere in the log as it is, and comes back only with its key."""

import msgspec
import pytest

from domain.accounts.events import AccountCreated, DetailsChanged, ProfileSynced
from domain.apps.events import AppCreated
from domain.backups.events import BackupTaken
from domain.callbacks.events import CallbackRegistered
from domain.guilds.events import MemberUpdated
from domain.kernel import Event
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from store import log
from store.codec import (
    NulError,
    Origin,
    UndecodableEvent,
    UnknownEventError,
    decode_events,
    decode_meta,
    encode_event,
    encode_meta,
    subjects_of,
)
from store.keys import Keyring, open_box
from tests.books import KEY, ORIGIN, ask, opened
from tests.domain.samples import profile

ADDRESS = "203.0.113.77"
HIDDEN = AccountCreated(
    account=204, name="Inês de Castro", discriminator="0412", avatar_url="https://secret.example/i.png"
)
SECRETS = ("Castro", "In\\u00eas", "0412", "secret.example", ADDRESS)


async def encoded(keyring: Keyring, event: Event) -> bytes:
    return encode_event(event, await keyring.for_subjects(subjects_of([event], ORIGIN)))


@pytest.mark.parametrize(
    "event",
    [
        HIDDEN,
        DetailsChanged(account=204, name="Inês"),
        ProfileSynced(account=204, name="I", discriminator="1", avatar_url=None),
        CallbackRegistered(callback=1, app=1, event="team_deleted", url="https://a.example", secret="hush"),
        AppCreated(app=1, name="Bot", permissions=95, token_hash="ab"),
    ],
)
async def test_what_is_decoded_is_what_was_encoded(database_url: str, event: Event) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        data = await encoded(here.keyring, event)
        assert await decode_events([(event.stored_type, data)], there.keyring) == [event]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\\\0"])
async def test_a_text_that_no_table_has_room_for_is_not_written(database_url: str, text: str) -> None:
    open_one, sealed = BackupTaken(backup="b", guild=1, creator=7, at=1, digest="", name=text), "Inês" + text
    async with opened(database_url) as store:
        for event in (open_one, DetailsChanged(account=204, name=sealed)):
            with pytest.raises(NulError):
                await encoded(store.keyring, event)
        kept = msgspec.structs.replace(open_one, name="\\u0000")  # six characters, none of them NUL
        assert await decode_events([(kept.stored_type, await encoded(store.keyring, kept))], store.keyring) == [kept]


async def test_nothing_personal_is_in_the_database_before_it_is_projected(database_url: str) -> None:
    new = {"profile": profile(204, "Inês de Castro", "0412", "https://secret.example/i.png"), "team": None}
    async with opened(database_url) as store:
        origin = Origin(actor="accounts-204", surface="tests", address=ADDRESS)
        await store.execute(origin, create_account, OPERATOR, **new, permissions=0, signups_default=True)
    [(stored,)] = ask(
        database_url,
        "SELECT string_agg(encode(data, 'escape') || encode(meta, 'escape') || log::text, '') FROM book.log AS log",
    )
    assert "accounts.AccountCreated" in str(stored)
    assert [secret for secret in SECRETS if secret in str(stored)] == []


async def test_the_address_of_a_caller_is_sealed_for_whom_it_is_about(database_url: str) -> None:
    async with opened(database_url) as store:
        keys = await store.keyring.for_subjects(["accounts-204"])
        meta = decode_meta(encode_meta(Origin("accounts-204", "tests", address=ADDRESS), "a-1", keys))
        by_id = {key.id: key for key in keys.values()}
        assert (meta.actor, meta.append) == ("accounts-204", "a-1")
        assert open_box(by_id, meta.address or "", "meta.address") == ADDRESS.encode()


async def test_of_who_is_erased_only_blanks_are_left(database_url: str) -> None:
    async with opened(database_url) as store:
        data = await encoded(store.keyring, HIDDEN)
        ask(database_url, "DELETE FROM book.keys")
        fresh = Keyring(store.pool, KEY)
        blank = AccountCreated(account=204, name="", discriminator="", avatar_url=None)
        assert await decode_events([(HIDDEN.stored_type, data)], fresh) == [blank]


async def test_an_unknown_type_is_an_error_for_who_needs_it_and_stands_aside_for_others(database_url: str) -> None:
    async with opened(database_url) as store:
        with pytest.raises(UnknownEventError):
            await decode_events([("teams.TeamPainted", b"{}")], store.keyring)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"team":"three"}', b"\xff", b'{"account":1,"sealed":"no such key"}'])
async def test_a_reader_is_shown_that_an_event_cannot_be_decoded(database_url: str, data: bytes) -> None:
    insert = "INSERT INTO book.log VALUES (1, 'teams-1', 1, 'teams.TeamCreated', %s, '{}', 1, now())"
    ask(database_url, insert, data)
    async with opened(database_url) as store, store.pool.connection() as connection:
        end, batch = await log.read(connection, store.keyring, 0, 10, ["teams.TeamCreated"])
    assert end == 1
    assert [type(recorded.event) for recorded in batch] == [UndecodableEvent]


async def test_fields_of_the_future_are_left_alone(database_url: str) -> None:
    async with opened(database_url) as store:
        [event] = await decode_events([("teams.TeamCreated", b'{"team":1,"name":"x","colour":7}')], store.keyring)
    assert msgspec.to_builtins(event) == {"team": 1, "name": "x"}


async def test_what_an_event_does_not_say_stays_unsaid_beside_sealed_fields(database_url: str) -> None:
    updated = MemberUpdated(guild=1, user=7, username="ines")
    async with opened(database_url) as store:
        data = await encoded(store.keyring, updated)
        assert set(msgspec.json.decode(data)) == {"guild", "user", "sealed"}
        assert await decode_events([(updated.stored_type, data)], store.keyring) == [updated]

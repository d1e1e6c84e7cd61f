"""Somebody who was everywhere is erased: not a word of theirs is left anywhere, and every proof still holds."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psycopg
import pytest
from psycopg import sql

from domain.accounts.aggregate import Edit, Profile
from domain.accounts.commands import ban_account, refresh_guild_list
from domain.accounts.events import ListedGuild
from domain.apps.aggregate import AUDITOR_SCOPE, PRIVACY_SCOPE
from domain.apps.commands import create_app
from domain.guilds.commands import report_bans, report_guild, report_members
from domain.guilds.reports import BanReport, GuildReport, MemberReport
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.edit_account import edit_account
from domain.processes.open_session import open_session
from domain.processes.register_callback import register_callback
from domain.sessions.aggregate import Opening
from domain.sessions.commands import issue_token
from domain.teams.commands import create_team
from store.embedded_server import package
from store.erasure import standing_of
from store.event_store import EventStore
from store.logins import Grant, keep_grant
from tests import servers
from tests.books import ORIGIN, ask, opened, places, shown, until
from tests.cli.commands import done, guildbook
from tests.deeds import LATER
from tests.faults.clusters import Cluster, cluster
from tests.kafka_broker import Broker
from tests.load_events import taken, tell
from tests.workers.kafka import listening
from tests.world import open_world

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kafka")]

ID, OTHER = 204778476102877187, 205778476102877187
WHO = f"accounts-{ID}"
MARK = "zephyr-quux"  # in every word of theirs, and nowhere else; too long to be in a box by chance
ADDRESS = "2001:db8:2048::1"
INES = Profile(ID, f"{MARK}-name-before", "0412", f"https://a.example/{MARK}-face.png")
MEMBER = MemberReport(id=ID, username=f"{MARK}-user", global_name=f"{MARK}-global", avatar=MARK, nick=f"{MARK}-nick")
ANSWER = """
    INSERT INTO operations.keyed_requests (caller, route, key, request, claim, status, headers, body)
    VALUES (%s, 'GET /', 'k', '', '', 200, '{}', convert_to(%s, 'UTF8'))
"""
ATTEMPT = """
    INSERT INTO operations.delivery_attempts (delivery, number, started_at, duration_ms, status, response)
    SELECT id, 99, now(), 1, 500, %s FROM operations.deliveries WHERE entity = %s
"""
ROLES = ("projector", "callbacks", "notary", "relay")
WAIT_SECONDS = 60.0


@contextmanager
def running(url: str, settings: dict[str, str], log: IO[bytes]) -> Iterator[str]:
    """Run an API and all workers but the eraser; yields the base URL."""
    port = str(servers.free_port())
    processes = [servers.spawn("work", *ROLES, url=url, settings=settings, log=log)]
    processes.append(servers.spawn("serve", "--port", port, url=url, settings=settings, log=log))
    try:
        servers.wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in processes:
            servers.stop(process)


async def live(store: EventStore, url: str) -> None:
    """Be somebody, everywhere that the book has a place for it."""
    origin = type(ORIGIN)(actor=WHO, surface="tests", address=ADDRESS)
    app = (await store.execute(ORIGIN, create_app, name="relay", permissions=95, token_hash="")).value
    for event in ("account_created", "account_team_update", "award_granted", "account_deleted"):
        given = {"app": app, "event": event, "url": "https://127.0.0.1:9", "secret": "s"}
        await store.execute(ORIGIN, register_callback, **given)
    for profile in (INES, Profile(OTHER, "Rui", "0413", None)):
        made = {"profile": profile, "team": None, "permissions": 0, "signups_default": True}
        await store.execute(ORIGIN, create_account, OPERATOR, **made)
    await store.execute(origin, edit_account, OPERATOR, account=ID, edit=Edit(name=f"{MARK}-name-after"))
    listed = ListedGuild(id=920, name=f"{MARK}-guild", icon=None, permissions=0)
    await store.execute(origin, refresh_guild_list, account=ID, guilds=(listed,))
    team = (await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")).value
    await store.execute(ORIGIN, edit_account, OPERATOR, account=ID, edit=Edit(team=team))
    award = {"title": "Gold", "image_url": "i.png", "team": team, "accounts": [ID]}
    await store.execute(ORIGIN, create_award, OPERATOR, **award)
    entered = await store.execute(origin, open_session, OPERATOR, account=ID, token_hash="5" * 64, expires_at=LATER)
    token = Opening("2b1c7e0a-90e4-4b5c-8d3e-51f0a7c9d2e4", "6" * 64, None, f"{MARK}-token-name")
    await store.execute(origin, issue_token, issuer=entered.value, opening=token, now=datetime.now(UTC))
    guild = {"report": GuildReport(id=920, owner=OTHER, name="Açores"), "roles": (), "channels": (), "bot": 77}
    await store.execute(ORIGIN, report_guild, **guild)
    await store.execute(ORIGIN, report_members, guild=920, members=[MEMBER])
    await store.execute(ORIGIN, report_bans, guild=920, bans=[BanReport(id=ID, reason=f"{MARK}-reason-there")])
    await store.execute(ORIGIN, ban_account, account=ID, reason=f"{MARK}-reason")
    await tell(store, taken("mine", guild=920, creator=ID, label=f"{MARK}-backup"))
    await keep_grant(store.pool, store.keyring, ID, Grant(f"{MARK}-token"))
    await shown(url)
    for caller in (WHO, "apps-1"):
        ask(url, ANSWER, caller, f'{{"id": "{ID}", "name": "{MARK}-name-after"}}')
    ask(url, ATTEMPT, f"thank you, {MARK}-name-after", WHO)
    ask(url, "ANALYZE")


def tables_with(url: str, word: str) -> set[str]:
    """Return the tables, of all schemas, in which a word is."""
    query = """
        SELECT schemaname, tablename FROM pg_tables
        WHERE has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
    """
    found: set[str] = set()
    with psycopg.connect(url, autocommit=True) as connection:
        for schema, table in connection.execute(query).fetchall():
            count = sql.SQL("SELECT count(*) FROM {} AS t WHERE t::text LIKE %s OR t::text LIKE %s")
            hexed = f"%{word.encode().hex()}%"
            row = connection.execute(count.format(sql.Identifier(schema, table)), (f"%{word}%", hexed)).fetchone()
            found |= {f"{schema}.{table}"} if row and row[0] else set()
    return found


def files_with(folder: Path, word: str) -> set[str]:
    """Return the files below a folder in which a word is."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in found if _has(path, word)}


def _has(path: Path, word: str) -> bool:
    try:
        return word.encode() in path.read_bytes()
    except FileNotFoundError:
        return False


def dump(place: Cluster) -> bytes:
    """Return what pg_dump writes of the book."""
    program = package() / "pginstall18" / "bin" / "pg_dump"
    return subprocess.run([program, place.url], check=True, capture_output=True).stdout


def killed_while(url: str, settings: dict[str, str], hold: str, reached: Callable[[psycopg.Connection], bool]) -> None:
    """Kill an eraser with -9 when it has come so far: `hold` keeps it from going on."""
    with psycopg.connect(url) as holding, psycopg.connect(url, autocommit=True) as looking:
        holding.execute(hold.encode())
        eraser = servers.spawn("work", "eraser", url=url, settings=settings)
        deadline = time.monotonic() + WAIT_SECONDS
        while not reached(looking) and time.monotonic() < deadline:
            assert eraser.poll() is None
        eraser.kill()
        eraser.wait()
        assert time.monotonic() < deadline, f"it never waited for {hold}"


def waits_for(relation: str) -> Callable[[psycopg.Connection], bool]:
    """Tell whether somebody waits for a lock on a table."""
    query = "SELECT FROM pg_locks WHERE relation = to_regclass(%s) AND NOT granted"
    return lambda looking: looking.execute(query, (relation,)).fetchone() is not None


def waits_for_lanes(looking: psycopg.Connection) -> bool:
    """Tell whether somebody waits to take out deliveries."""
    query = (
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = (7121402824 & 4294967295)::oid"
    )
    return looking.execute(query).fetchone() is not None


MOMENTS = (
    ("LOCK TABLE projections.accounts IN ACCESS SHARE MODE", waits_for("projections.accounts")),  # at the swap
    ("SELECT operations.lock_lanes()", waits_for_lanes),  # before rows of operation are purged
    ("LOCK TABLE operations.keyed_requests IN ACCESS SHARE MODE", waits_for("operations.keyed_requests")),  # rewriting
)


async def test_not_a_word_is_left_of_somebody_who_was_everywhere(
    kafka: Broker, kafka_prefix: str, tmp_path: Path
) -> None:
    log = tmp_path / "processes.log"
    settings = kafka.settings(kafka_prefix)
    with cluster(tmp_path) as place, log.open("wb") as out:
        url = place.url
        book = {"GUILDBOOK_DATABASE_URL": url, "GUILDBOOK_MASTER_KEY": servers.MASTER_KEY}
        with running(url, settings, out) as base_url:
            async with opened(url) as store:
                await live(store, url)
                before = tables_with(url, MARK)
                assert before >= {
                    f"projections.{it}"
                    for it in ("accounts", "backups", "guild_lists", "guild_members", "guild_bans", "sessions")
                }
                assert before >= {"operations.deliveries", "operations.delivery_attempts", "operations.keyed_requests"}
                assert files_with(place.data, MARK), "the test would find nothing anyway"
                async with open_world(base_url, url) as world:
                    operator, auditor = await world.bot(PRIVACY_SCOPE), await world.bot(AUDITOR_SCOPE)
                    erased = await operator.post("/book/privacy/erasures", {"subject": WHO})
                    assert erased.status_code == 200, erased.text
                    for hold, reached in MOMENTS:
                        await asyncio.to_thread(killed_while, url, settings, hold, reached)
                        assert not (await standing_of(store, WHO)).is_purged
                    done("erase", WHO, "--yes", settings=book)  # no eraser runs, so the command does it
                    assert (await standing_of(store, WHO)).is_purged
                    await _until_told(url)
                    for path in (f"/book/streams/{WHO}?reveal=true", f"/book/privacy/subjects/{WHO}", "/book/events"):
                        answer = await auditor.get(path)
                        assert (answer.status_code, MARK in answer.text) == (200, False), path
                dumped = await asyncio.to_thread(dump, place)
                for word in (MARK, ADDRESS):
                    assert tables_with(url, word) == set()
                    assert files_with(place.data, word) == set()
                    assert word.encode() not in dumped
                records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
                assert any(record.key == f"privacy-subject-{WHO}".encode() for record in records)
                assert not any(MARK.encode() in (record.value or b"") for record in records)
                assert not any(MARK in str(record.headers) for record in records)
            for check in (["verify"], ["rebuild", "--verify"]):
                checked = await asyncio.to_thread(guildbook, *check, settings=book)
                assert checked.returncode == 0, checked.stdout + checked.stderr
        backup = await asyncio.to_thread(
            guildbook, "backup", "--to", str(tmp_path / "b"), "--keys-to", str(tmp_path / "k"), settings=book
        )
        assert backup.returncode == 0, backup.stderr
        assert files_with(tmp_path / "b", MARK) | files_with(tmp_path / "k", MARK) == set()
    assert MARK not in log.read_text()


async def _until_told(url: str) -> None:
    """Wait for the relay and the notary: all that was written is in Kafka, and signed."""
    head = ask(url, "SELECT book.head()")[0][0]

    async def are_level() -> bool:
        found = await places(url)
        return all(found[reader].position >= int(str(head)) for reader in ("notary", "kafka_relay"))

    await until(are_level, WAIT_SECONDS)

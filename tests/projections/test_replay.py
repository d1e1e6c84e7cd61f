"""Whatever is commanded and however it is cut into batches, the tables hold what the streams say, as a replay does."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from domain.accounts.aggregate import ACCOUNT
from domain.apps.aggregate import APP
from domain.awards.aggregate import AWARD, HOLDING
from domain.backups.aggregate import BACKUP
from domain.callbacks.aggregate import CALLBACK
from domain.kernel import Entity
from domain.sessions.aggregate import SESSION
from domain.teams.aggregate import TEAM
from domain.templates.aggregate import TEMPLATE
from projections import checkpoints
from projections.catalogue import PROJECTORS
from projections.rebuild import create_tables, rebuild
from projections.runtime import Group
from store.connections import connect
from store.event_store import EventStore
from tests.books import ask, dump, opened
from tests.conftest import cloned
from tests.deeds import Deeds, do_many

DEEDS = 500
IDS = 10
SHOWN: tuple[tuple[Entity[Any], str, str, tuple[str, ...]], ...] = (
    (ACCOUNT, r"accounts-\d+", "accounts", ("id", "name", "discriminator", "avatar_url", "team", "permissions")),
    (APP, r"apps-\d+", "apps", ("id", "name", "permissions", "token_hash")),
    (AWARD, r"awards-\d+", "awards", ("id", "title", "image_url", "team")),
    (BACKUP, r"backups-\w+", "backups", ("id", "guild", "creator", "at", "digest", "name")),
    (HOLDING, r"awards-\d+-\d+", "holdings", ("award", "account")),
    (CALLBACK, r"callbacks-\d+-\w+", "callbacks", ("id", "app", "event", "url", "status", "description")),
    (SESSION, r"sessions-\d+", "sessions", ("id", "account", "token_hash", "expires_at")),
    (TEAM, r"teams-\d+", "teams", ("id", "name")),
    (TEMPLATE, r"templates-\w+", "templates", ("id", "guild", "creator", "at", "name", "description", "backup")),
)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
async def test_tables_hold_what_the_streams_say(server_url: str, template: str, seed: int, cuts: list[int]) -> None:
    with cloned(server_url, template) as url:
        async with opened(url) as store:
            await do_many(store, Deeds(seed, IDS), DEEDS)
            await project_in_batches(url, store, cuts)
            for entity, streams, table, fields in SHOWN:
                assert shown(url, table, fields) == await said(url, store, entity, streams, fields)
            rows = dump(url)
            assert await rebuild(url, store.keyring, PROJECTORS) == []
        assert dump(url) == rows


async def project_in_batches(url: str, store: EventStore, cuts: list[int]) -> None:
    """Project everything, in batches of these sizes, over and over."""
    async with await connect(url) as connection:
        await create_tables(connection, PROJECTORS)
        for projector in PROJECTORS:
            await checkpoints.begin(connection, projector.name, 0, checkpoints.fingerprint(projector))
        group = Group(PROJECTORS, 0)
        while await group.step(connection, store.keyring, cuts[group.position % len(cuts)]):
            pass
    assert group.projectors == list(PROJECTORS)


def shown(url: str, table: str, fields: tuple[str, ...]) -> set[tuple[object, ...]]:
    """Return the rows of a table."""
    columns = sql.SQL(", ").join(map(sql.Identifier, fields))
    return set(ask(url, sql.SQL("SELECT {} FROM projections.{}").format(columns, sql.Identifier(table)).as_string()))


async def said(
    url: str, store: EventStore, entity: Entity[Any], streams: str, fields: tuple[str, ...]
) -> set[tuple[object, ...]]:
    """Return what a table should hold: the states of all streams of an entity."""
    query = "SELECT DISTINCT stream FROM book.log WHERE stream ~ %s"
    names = [str(name) for (name,) in ask(url, query, f"^{streams}$")]
    states = [seen.state for seen in (await store.load_many(entity, names)).values()]
    return {tuple(getattr(state, field) for field in fields) for state in states if state is not None}

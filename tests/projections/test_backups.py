"""Backups and templates of guilds as rows, and the same rows after a rebuild."""

import pytest

from domain.backups.events import BackupDeleted, Counts
from domain.templates.events import BotAttached, BotDetached, TemplateWithdrawn
from domain.templates.events import Counts as TemplateCounts
from projections.backups.projector import PROJECTOR as BACKUPS
from projections.backups.queries import backup_by_id, backups_before, sources_of_backup
from projections.loads.projector import PROJECTOR as LOADS
from projections.rebuild import rebuild
from projections.templates.projector import PROJECTOR as TEMPLATES
from projections.templates.queries import bots_of_template, template_by_id, templates_before
from store.connections import connect
from tests.books import ask, dump, opened, projecting, shown
from tests.load_events import SOURCE, USER, finished, published, refused, started, taken, tell

ALL = (BACKUPS, TEMPLATES, LOADS)
BEYOND = 2**63 - 1
OTHER = 7500


async def test_backups_are_found_by_id_in_any_case_by_guild_and_by_creator(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, ALL):
        counts = Counts(3, 4, 5, 6)
        for backup, guild, creator in (("aa", SOURCE, USER), ("bb", OTHER, USER), ("cc", SOURCE, 65)):
            made = await tell(store, taken(backup, guild=guild, creator=creator, at=9, label="Inês", counts=counts))
        await tell(store, taken("gone"))
        await tell(store, BackupDeleted(backup="gone"))
        await shown(database_url, ALL)
        async with await connect(database_url) as connection:
            found = await backup_by_id(connection, "CC")
            assert found
            assert (found.id, found.guild, found.creator, found.name, found.at) == ("cc", SOURCE, 65, "Inês", 9)
            assert (found.roles, found.channels, found.bans, found.rows, found.created) == (3, 4, 5, 6, made)
            assert await backup_by_id(connection, "gone") is None

            async def ids(before: int = BEYOND, limit: int = 9, **only: int | list[int] | None) -> list[str]:
                return [each.id for each in await backups_before(connection, before, limit, **only)]  # pyright: ignore[reportArgumentType]

            assert await ids() == ["cc", "bb", "aa"]
            assert await ids(made) == ["bb", "aa"]
            assert await ids(limit=1) == ["cc"]
            assert await ids(guild=SOURCE) == ["cc", "aa"]
            assert await ids(creator=USER) == ["bb", "aa"]
            assert await ids(creator=USER, guild=SOURCE, among=[OTHER]) == []
            assert await ids(among=[OTHER]) == ["bb"]
            assert await ids(among=[]) == []
        rows = dump(database_url, ALL)
        assert await rebuild(database_url, store.keyring, ALL) == []
        assert dump(database_url, ALL) == rows


async def test_a_backup_is_called_what_its_creator_said_also_before_that_was_sealed(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url, ALL):
            await tell(store, taken("aa", name="before"))
            await tell(store, taken("bb", label="since"))
            await shown(database_url, ALL)
        for names in (["before", "since"], ["before", None]):
            async with await connect(database_url) as connection:
                found = [await backup_by_id(connection, backup) for backup in ("aa", "bb")]
            assert [each and each.name for each in found] == names
            ask(database_url, "DELETE FROM book.keys")
            store.keyring.forget()
            await rebuild(database_url, store.keyring, ALL)


@pytest.mark.parametrize(
    ("backup", "sources"),
    [
        ("aa", [SOURCE]),  # ours, whatever a load says of it
        ("AA", [SOURCE]),
        ("eXtern", [OTHER, SOURCE]),  # the newest first
        ("gone", [SOURCE]),
        ("refused", []),
        ("", []),
    ],
)
async def test_the_source_of_a_backup_is_known_from_it_or_from_its_loads(
    database_url: str, backup: str, sources: list[int]
) -> None:
    async with opened(database_url) as store, projecting(database_url, ALL):
        for load, of, source in (("1", "aa", OTHER), ("2", "EXTERN", SOURCE), ("3", "extern", OTHER)):
            await tell(store, started(load, backup=of, source=source))
        await tell(store, taken("aa"))
        await tell(store, taken("gone"))
        await tell(store, started("4", backup="gone"))
        await tell(store, BackupDeleted(backup="gone"))
        await tell(store, refused("5", backup="refused"), finished("5", backup="refused", outcome="refused"))
        await shown(database_url, ALL)
        async with await connect(database_url) as connection:
            assert await sources_of_backup(connection, backup) == sources


async def test_templates_show_how_often_they_were_loaded_and_their_bots_as_they_were_attached(
    database_url: str,
) -> None:
    async with opened(database_url) as store, projecting(database_url, ALL):
        made = await tell(
            store, published("Tt", description="d", backup="aa", at=9, counts=TemplateCounts(roles=3, channels=4))
        )
        await tell(store, published("Uu"))
        for event in (BotAttached, BotDetached):
            await tell(store, event(template="Tt", bot=8800))
        for bot in (8802, 8800, 8801, 8800):
            await tell(store, BotAttached(template="Tt", bot=bot))
        await tell(store, BotDetached(template="Tt", bot=8801))
        for load, template in (("1", "Tt"), ("2", "Tt"), ("3", "unknown"), ("4", None)):
            await tell(store, started(load, type="template", backup=None, template=template))
        await tell(store, refused("5", type="template", backup=None, template="Tt"))
        await tell(store, TemplateWithdrawn(template="Uu"))
        await shown(database_url, ALL)
        async with await connect(database_url) as connection:
            found = await template_by_id(connection, "Tt")
            assert found
            assert (found.guild, found.creator, found.name, found.description) == (SOURCE, USER, "Gaming", "d")
            assert (found.backup, found.at, found.roles, found.channels, found.created) == ("aa", 9, 3, 4, made)
            assert (found.usage_count, found.bots) == (2, [8802, 8800])
            assert await bots_of_template(connection, "Tt") == [8802, 8800]
            assert await bots_of_template(connection, "Uu") is None
            assert await template_by_id(connection, "tt") is None
            assert [each.id for each in await templates_before(connection, BEYOND, 9)] == ["Tt"]
            assert await templates_before(connection, made, 9) == []
        rows = dump(database_url, ALL)
        assert await rebuild(database_url, store.keyring, ALL) == []
        assert dump(database_url, ALL) == rows

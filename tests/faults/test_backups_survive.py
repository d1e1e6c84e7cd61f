"""Backups and restores are killed with -9 in their midst: what was there still is, and who tries again is done."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from store.restores import open_backup
from tests.books import ask
from tests.cli.commands import COMMAND, ROOT, done, environment
from tests.servers import MASTER_KEY
from tests.store.visitors import until
from tests.workers.notary.books import NAME, notarize, verdict

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

FEW, MANY = 1_000, 30_000
KILLS = 2
BYTES_BETWEEN_KILLS = 100_000
READ = """
    INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
    SELECT
        head + n, 'privacy-reader-accounts-' || head + n, 1, 'privacy.TrailRead',
        convert_to(json_build_object('reader', 'accounts-5', 'query', repeat(md5(n::text), 20))::text, 'UTF8'),
        '{}', head + n, now()
    FROM book.head() AS head, generate_series(1, %s) AS n
"""
LOG = """
    SELECT count(*), sum(hashtextextended(log::text, 0))
    FROM (SELECT position, stream, version, type, data, meta, append_end, recorded_at FROM book.log) AS log
"""
COPYING = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%COPY book.log%'
"""
IS_THERE = "SELECT 1 FROM pg_namespace WHERE nspname = 'book'"


async def test_who_is_killed_leaves_an_older_backup_or_no_book_at_all(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    folder, keys = tmp_path / "log", tmp_path / "keys"
    settings = settings_of(database_url)
    backup = ("backup", "--to", str(folder), "--keys-to", str(keys))
    ask(database_url, READ, FEW)
    await notarize(database_url)
    done(*backup, settings=settings)
    ask(database_url, READ, MANY)
    await notarize(database_url)
    draft = folder / "000002-log.copy.gz"
    for kill in range(1, KILLS + 1):
        kill_when(backup, settings, lambda size=kill * BYTES_BETWEEN_KILLS: size_of(draft) > size)
        draft.unlink()
        assert open_backup(folder, keys).head == FEW
    assert done(*backup, settings=settings).startswith(f"Backed up: {FEW + MANY} events")
    restore = ("restore", str(folder), "--keys", str(keys), "--into", empty_url)
    for _ in range(KILLS):
        kill_when(restore, settings, lambda: bool(ask(empty_url, COPYING)))
        until(lambda: not ask(empty_url, COPYING))
        assert ask(empty_url, IS_THERE) == []
    done(*restore, settings=settings)
    assert ask(empty_url, LOG) == ask(database_url, LOG)
    assert (await verdict(empty_url)).findings == ()


def settings_of(url: str) -> dict[str, str]:
    return {
        "GUILDBOOK_DATABASE_URL": url,
        "GUILDBOOK_MASTER_KEY": MASTER_KEY,
        "GUILDBOOK_CHECKPOINT_ORIGIN": NAME,
    }


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def kill_when(arguments: tuple[str, ...], settings: dict[str, str], condition: Callable[[], bool]) -> None:
    """Start a command, and kill it as soon as the condition holds, which must be before its end."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(condition)
    finally:
        process.kill()
        assert process.wait() == -9

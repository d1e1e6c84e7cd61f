"""A book of some thousand events that is exported, and folders of exports that somebody has tampered with."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store import exporting, notes
from store.bundle_verification import keys_in, verify_bundle
from store.bundles import Manifest
from store.exporting import Order, Progress
from store.rows import Format
from store.selection import Selection
from tests.books import KEY, opened

EVERYTHING = Selection()
PART_ROWS = 4096  # as many as are read at once, and so the smallest part


def take_out(
    url: str,
    folder: Path,
    selection: Selection = EVERYTHING,
    kind: Format = "ndjson",
    *,
    reveals: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Manifest:
    """Export in small parts."""
    return asyncio.run(_take_out(url, folder, Order(selection, kind, reveals), progress))


class CutOffError(Exception):
    """Whoever waited for the export went away."""


def take_out_until(url: str, folder: Path, position: int) -> None:
    """Export everything, and be cut off when this position is passed."""

    def cut(done: int, _total: int) -> None:
        if done > position:
            raise CutOffError

    with pytest.raises(CutOffError):
        take_out(url, folder, progress=cut)


async def _take_out(url: str, folder: Path, order: Order, progress: Progress) -> Manifest:
    async with opened(url) as store:
        draft = exporting.begun(order, folder)
        draft = draft or await exporting.begin(store.pool, KEY, order, folder, datetime.now(UTC))
        return await exporting.go_on(store, KEY, draft, folder, progress, part_rows_max=PART_ROWS)


def found(folder: Path, kept: str | None = None) -> list[str]:
    """Verify an export, and return what does not hold."""
    keys = keys_in(folder)
    checkpoints = [notes.opened(kept, keys)] if kept else []
    findings = verify_bundle(folder, keys, checkpoints).findings
    return [text if position is None else f"{position}: {text}" for position, text in findings]

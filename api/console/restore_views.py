"""How a restore of settings looks to people: each row with what becomes of it, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from api.console.showing import NOTHING, Chip, chips_of, title_of
from api.console.visits import Visit, title_of_template
from domain.settings.definitions import Defined
from domain.settings.restored import Action, ColumnChange, RowRestored
from domain.settings.rewriting import Unmapped
from store.restoring import Report, SettingReport

WORDS: Mapping[Action, str] = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "unchanged": "as it was",
    "skip": "skipped",
}
ROWS_MAX = 100  # of one setting on the page; the counts are of all


class ColumnSeen(msgspec.Struct, frozen=True):
    """A column that changes."""

    name: str
    before: Sequence[Chip]
    after: Sequence[Chip]


class RowSeen(msgspec.Struct, frozen=True):
    """A row, what becomes of it, and what it loses on the way."""

    title: str
    action: Action
    word: str
    changes: Sequence[ColumnSeen]
    unmapped: Sequence[Unmapped]
    reason: str | None


class SettingSeen(msgspec.Struct, frozen=True):
    """The rows of one setting; those that stay as they are are only counted."""

    name: str
    template: str
    rows: Sequence[RowSeen]
    unchanged: int
    more: int


class Outcome(msgspec.Struct, frozen=True):
    """A restore, or the undoing of one. `is_dry`: it was only tried."""

    restore: str
    is_dry: bool
    counts: Sequence[tuple[str, int]]
    settings: Sequence[SettingSeen]

    def writes(self) -> int:
        """Return how many rows are other than before."""
        return sum(count for word, count in self.counts if word not in (WORDS["unchanged"], WORDS["skip"]))


def outcome_of(visit: Visit, restore: str, report: Report) -> Outcome:
    """Return a report as a page shows it."""
    counts = Counter(row.action for setting in report.settings for row in setting.rows)
    told = [(word, counts[action]) for action, word in WORDS.items() if counts[action]]
    settings = [_setting(visit, each) for each in report.settings if each.rows]
    return Outcome(restore, report.position is None, told, settings)


def _setting(visit: Visit, report: SettingReport) -> SettingSeen:
    defined = _defined(visit, report)
    rows = [row for row in report.rows if row.action != "unchanged" or row.unmapped]
    return SettingSeen(
        name=defined.setting.name if defined else report.setting,
        template=title_of_template(report.template),
        rows=[_row(visit, defined, row) for row in rows[:ROWS_MAX]],
        unchanged=len(report.rows) - len(rows),
        more=max(len(rows) - ROWS_MAX, 0),
    )


def _defined(visit: Visit, report: SettingReport) -> Defined | None:
    offered = next((each for each in visit.offered if each.name == report.template), None)
    return offered.settings.get(report.setting) if offered else None


def _row(visit: Visit, defined: Defined | None, row: RowRestored) -> RowSeen:
    title = title_of(defined.setting, row.key, visit.directory()) if defined else ""
    return RowSeen(
        title=title or ", ".join(map(str, row.key.values())),
        action=row.action,
        word=WORDS[row.action],
        changes=[_column(visit, defined, change) for change in row.changes],
        unmapped=row.unmapped,
        reason=row.refusal.text if row.refusal else None,
    )


def _column(visit: Visit, defined: Defined | None, change: ColumnChange) -> ColumnSeen:
    columns = {column.id: column for column in defined.setting.columns} if defined else {}
    column = columns.get(change.column)
    if column is None:
        return ColumnSeen(change.column, [NOTHING], [NOTHING])
    before, after = (chips_of(column, value, visit.directory()) for value in (change.before, change.after))
    return ColumnSeen(column.name, before, after)

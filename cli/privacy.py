"""`guildbook privacy`: who is held or erased, what there is about somebody, and how long data is kept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.erase import checked_reference, subject_argument
from cli.output import print_table, tell
from cli.places import data_option

if TYPE_CHECKING:
    from store.erasure import Standing
    from store.event_store import EventStore
    from workers.retention import Due

HEAD = ("SUBJECT", "HELD FOR", "ERASED AT", "CLEARED", "KEY")
SHOWN = 100
NEVER = 0
DAYS = click.IntRange(NEVER, 36_500)

reference_option = click.option(
    "--reference",
    required=True,
    metavar="TEXT",
    callback=checked_reference,
    help="Names the case. It is kept for ever: not a person's name.",
)


@click.group()
def privacy() -> None:
    """What is kept about people: holds, copies for them, erasures, and how long it is kept.

    \b
    guildbook privacy show                                  who was held, handed out or erased last
    guildbook privacy export accounts-ID --to FILE          all that there is about somebody
    guildbook privacy hold accounts-ID --reference CASE     must not be erased for now
    guildbook privacy release accounts-ID --reference CASE  may be again
    guildbook privacy retention --unseen-people 730         erase whom nobody saw for two years
    guildbook erase accounts-ID                             erase somebody
    """


@privacy.command()
@click.argument("subject", metavar="[SUBJECT]", required=False)
@data_option
def show(subject: str | None, data: Path) -> None:
    """Show how it stands with a subject, or with the last hundred of them.

    \b
    guildbook privacy show accounts-204778476102877187
    """
    from cli.books import operate
    from domain.privacy.commands import require_subject
    from store import erasure

    async def found(store: "EventStore") -> "list[Standing]":
        if subject is None:
            return await erasure.latest_standings(store, SHOWN)
        require_subject(subject)
        return [await erasure.standing_of(store, subject)]

    print_table(HEAD, [_row(each) for each in operate(data, found)])


def _row(each: "Standing") -> tuple[str, ...]:
    erased_at = each.erased_at.isoformat(timespec="seconds") if each.erased_at else "-"
    cleared = "-" if each.erased_at is None else "yes" if each.is_purged else "not yet"
    return (each.subject, ", ".join(each.holds) or "-", erased_at, cleared, "yes" if each.has_key else "no")


@privacy.command()
@subject_argument
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new JSON file.")
@data_option
def export(subject: str, file: Path, data: Path) -> None:
    """Write all that the book holds about a subject to a file, opened, and record that it was handed out.

    \b
    guildbook privacy export accounts-204778476102877187 --to ines.json
    """
    from cli.books import operate
    from domain.privacy.commands import require_subject

    require_subject(subject)
    if file.exists():
        message = f"{file} is there already"
        raise click.ClickException(message)
    count = operate(data, lambda store: _export(store, subject, file))
    click.echo(f"Exported: {count} events about {subject}, to {file}.")


async def _export(store: "EventStore", subject: str, file: Path) -> int:
    """Write beside the file, and give it its name when it is whole: only its owner may read it."""
    from cli.books import ORIGIN
    from domain.privacy.commands import export_subject
    from projections import subject_data

    head = await subject_data.head_of(store)
    positions = await subject_data.positions_of(store, subject, head)
    await store.execute(ORIGIN, export_subject, subject=subject, events=len(positions))
    draft = file.with_name(f"{file.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with draft.open("wb") as out:
            async for piece in subject_data.pieces(store, subject, head, positions):
                out.write(piece)
        draft.rename(file)
    except OSError as error:  # also one that names no file, as of a disk that is full
        message = f"{error.filename or file}: {error.strerror or error}"
        raise click.ClickException(message) from error
    finally:
        draft.unlink(missing_ok=True)
    return len(positions)


@privacy.command()
@subject_argument
@reference_option
@data_option
def hold(subject: str, reference: str, data: Path) -> None:
    """Keep a subject from being erased, by anybody and by any rule. Several cases may hold one.

    \b
    guildbook privacy hold accounts-204778476102877187 --reference "case 7"
    """
    from cli.books import execute, operate
    from domain.privacy.commands import place_hold

    operate(data, lambda store: execute(store, place_hold, subject=subject, reference=reference))
    tell(f"{subject} is held for {reference}")


@privacy.command()
@subject_argument
@reference_option
@data_option
def release(subject: str, reference: str, data: Path) -> None:
    """Let go of one hold.

    \b
    guildbook privacy release accounts-204778476102877187 --reference "case 7"
    """
    from cli.books import execute, operate
    from domain.privacy.commands import release_hold

    operate(data, lambda store: execute(store, release_hold, subject=subject, reference=reference))
    tell(f"{subject} is not held for {reference} any more")


@privacy.command()
@click.option(
    "--unseen-people", type=DAYS, help="Erase people of whom the log says nothing for so many days; 0: never."
)
@click.option(
    "--deleted-accounts", type=DAYS, help="Erase people so many days after their account was deleted; 0: never."
)
@click.option("--dry-run", is_flag=True, help="Only list whom the rules, as they are, would erase now.")
@data_option
def retention(unseen_people: int | None, deleted_accounts: int | None, data: Path, *, dry_run: bool) -> None:
    """Decide how long people are kept, and show it. The worker `eraser` applies the rules once a day.

    \b
    guildbook privacy retention --unseen-people 730 --deleted-accounts 30
    guildbook privacy retention --dry-run

    Whoever is a member of a guild counts as seen. Whoever is held is not erased.
    """
    from cli.books import operate

    wanted = {"unseen_people": unseen_people, "deleted_accounts": deleted_accounts}
    changes = {name: days for name, days in wanted.items() if days is not None}
    if changes and dry_run:
        message = "--dry-run shows the rules as they are: change them without it first"
        raise click.UsageError(message)
    if changes:
        operate(data, lambda store: _change(store, changes))
    if dry_run:
        _show_due(operate(data, _due))
        return
    rules = operate(data, _rules)
    print_table(("CLASS", "DAYS"), [(name, str(days)) for name, days in sorted(rules.items())])


async def _rules(store: "EventStore") -> dict[str, int]:
    from store.erasure import retention_rules

    return await retention_rules(store)


async def _change(store: "EventStore", changes: dict[str, int]) -> None:
    from cli.books import execute
    from domain.privacy.commands import change_retention
    from domain.privacy.events import Rule

    after = {**await _rules(store), **changes}
    rules = tuple(Rule(name, days) for name, days in sorted(after.items()) if days != NEVER)
    await execute(store, change_retention, rules=rules)


async def _due(store: "EventStore") -> "list[Due]":
    from workers.retention import due_of_rules

    return await due_of_rules(store, datetime.now(UTC))


def _show_due(due: "list[Due]") -> None:
    rows = [(each.data_class, subject, "no") for each in due for subject in each.subjects]
    rows += [(each.data_class, subject, "yes") for each in due for subject in each.held]
    print_table(("CLASS", "SUBJECT", "HELD"), rows)

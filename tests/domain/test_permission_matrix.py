"""Everybody against everything: what each set of permissions may do, compared with the contract's own words."""

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import NamedTuple

from msgspec import UNSET

from domain.accounts.aggregate import Edit, Profile
from domain.accounts.events import AccountCreated
from domain.apps.events import AppCreated
from domain.awards.commands import delete_award
from domain.awards.events import AwardCreated, AwardGranted
from domain.permissions import Actor, PermissionMissingError
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.delete_account import delete_account
from domain.processes.delete_team import delete_team
from domain.processes.edit_account import edit_account
from domain.processes.edit_award import edit_award
from domain.processes.grant_award import grant_award, revoke_award
from domain.processes.open_session import open_session
from domain.teams.commands import create_team, rename_team
from domain.teams.events import TeamCreated
from tests.domain import permission_oracle as oracle
from tests.domain.book import RecordedBook, Story
from tests.domain.permission_oracle import Caller, Target, bits_in
from tests.domain.samples import SOON

HERE, THERE = 3, 4
CALLER, OTHER, NEW = 206, 204, 300
HELD_BY_ACCOUNTS, HELD_BY_APPS = 0b1101111, 0b1011111
# Each bit alone; some together, whose parts need different rights; those that hold what can never be granted.
MASKS = (1, 2, 4, 8, 16, 32, 64, 1 | 32, 32 | 64, 16 | 64, 111, 127)


class Cell(NamedTuple):
    """One caller who wants one thing of one account, and whether the contract lets them."""

    caller: Caller
    target: Target
    wish: str
    command: Callable
    arguments: dict
    allowed: bool

    def __str__(self) -> str:
        return f"{self.caller} {'may' if self.allowed else 'may not'} {self.wish}, {self.target}"


def subsets(mask: int) -> Iterator[int]:
    """Return every mask with some of these bits."""
    return (part for part in range(mask + 1) if part & ~mask == 0)


def callers() -> Iterator[Caller]:
    """Return every app, and every session in a team and in none."""
    for bits in map(bits_in, subsets(HELD_BY_APPS)):
        yield Caller(bits, is_session=False)
    for bits, team in product(map(bits_in, subsets(HELD_BY_ACCOUNTS)), (HERE, None)):
        yield Caller(bits, is_session=True, team=team)


def meetings() -> Iterator[tuple[Caller, Target]]:
    """Return every caller with every account: of the same team, of another, of none, and themselves."""
    for caller in callers():
        yield from ((caller, Target(team)) for team in (HERE, THERE, None))
        if caller.is_session:
            yield caller, Target(caller.team, is_caller=True)


def mask_of(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in bits)


def id_of(target: Target) -> int:
    return CALLER if target.is_caller else OTHER


def actor_of(caller: Caller) -> Actor:
    if caller.is_session:
        return Actor(account=CALLER, team=caller.team, permissions=mask_of(caller.bits))
    return Actor(app=1, permissions=mask_of(caller.bits))


def an_account(account: int, team: int | None, permissions: int) -> AccountCreated:
    return AccountCreated(account=account, name="Ines", discriminator="0412", team=team, permissions=permissions)


def world(cell: Cell, held: int) -> RecordedBook:
    """Return a book of the caller, the target (who holds `held` unless they are the caller), teams and awards."""
    return RecordedBook(
        TeamCreated(team=HERE, name="Azores"),
        TeamCreated(team=THERE, name="Madeira"),
        AppCreated(app=1, name="Bot", permissions=mask_of(cell.caller.bits), token_hash="ab"),
        an_account(CALLER, cell.caller.team, mask_of(cell.caller.bits)),
        an_account(OTHER, cell.target.team, held),
        AwardCreated(award=8, title="Bronze", image_url="b.png", team=HERE),
        AwardCreated(award=9, title="Silver", image_url="s.png", team=HERE),
        AwardGranted(award=9, account=id_of(cell.target)),
    )


def was_allowed(cell: Cell, held: int) -> bool:
    """Run the cell's command against a fresh book."""
    story = Story()
    story.book = world(cell, held)
    story.when(cell.command, actor_of(cell.caller), **cell.arguments)
    assert story.refusal is None or type(story.refusal) is PermissionMissingError, f"{cell}: {story.refusal!r}"
    return story.refusal is None


def wrong(cells: Iterable[Cell], held: int = 0) -> list[str]:
    """Return every cell where the product does not do as the contract says."""
    return [str(cell) for cell in cells if was_allowed(cell, held) is not cell.allowed]


def grant_cells() -> Iterator[Cell]:
    for (caller, target), mask in product(meetings(), MASKS):
        arguments = {"account": id_of(target), "edit": Edit(grant=mask)}
        yield Cell(caller, target, f"grant {mask}", edit_account, arguments, oracle.may_grant(caller, target, mask))


def revoke_cells() -> Iterator[Cell]:
    for (caller, target), mask in product(meetings(), MASKS):
        arguments = {"account": id_of(target), "edit": Edit(revoke=mask)}
        yield Cell(caller, target, f"revoke {mask}", edit_account, arguments, oracle.may_grant(caller, target, mask))


def creation_cells() -> Iterator[Cell]:
    for caller, team, mask in product(callers(), (HERE, THERE, None), (0, *MASKS)):
        profile = Profile(NEW, "Zoe", "0413", None)
        arguments = {"profile": profile, "team": team, "permissions": mask, "signups_default": True}
        allowed = oracle.may_create(caller, team, mask)
        yield Cell(caller, Target(team), f"create with {mask}", create_account, arguments, allowed)


def account_cells() -> Iterator[Cell]:
    for caller, target in meetings():
        account = id_of(target)
        for team in (HERE, THERE, None):
            arguments = {"account": account, "edit": Edit(team=team)}
            allowed = oracle.may_move(caller, target, team)
            yield Cell(caller, target, f"move to team {team}", edit_account, arguments, allowed)
        for detail in (Edit(name="Zoe"), Edit(discriminator="0413"), Edit(avatar_url="z.png")):
            arguments = {"account": account, "edit": detail}
            yield Cell(caller, target, f"set {detail}", edit_account, arguments, oracle.may_edit_details(caller))
        arguments = {"account": account}
        yield Cell(caller, target, "delete", delete_account, arguments, oracle.may_delete_account(caller, target))
        arguments = {"account": account, "token_hash": "ab", "expires_at": SOON}
        yield Cell(caller, target, "open a session", open_session, arguments, oracle.may_open_sessions(caller))


def team_cells() -> Iterator[Cell]:
    nobody = Target(None)
    for caller in callers():
        yield Cell(caller, nobody, "create a team", create_team, {"name": "Corvo"}, oracle.may_create_team(caller))
        for team in (HERE, THERE):
            allowed = oracle.may_manage_team(caller, team)
            for name in ("Corvo", "Azores"):
                yield Cell(caller, nobody, f"rename {team}", rename_team, {"team": team, "name": name}, allowed)
            yield Cell(caller, nobody, f"delete {team}", delete_team, {"team": team}, allowed)


def award_cells() -> Iterator[Cell]:
    for caller, target in meetings():
        account = id_of(target)
        creation = {"title": "Gold", "image_url": "g.png", "team": HERE, "accounts": [account]}
        for command, arguments in (
            (create_award, creation),
            (edit_award, {"award": 8, "title": "Copper"}),
            (edit_award, {"award": 8, "team": None}),
            (edit_award, {"award": 8, "team": UNSET}),
            (delete_award, {"award": 9}),
            (grant_award, {"award": 8, "account": account}),
            (grant_award, {"award": 9, "account": account}),
            (revoke_award, {"award": 9, "account": account}),
        ):
            yield Cell(caller, target, command.__name__, command, arguments, oracle.may_write_awards(caller))


def test_permissions_are_granted_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(grant_cells()) == []
    assert wrong(grant_cells(), held=111) == []


def test_permissions_are_revoked_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(revoke_cells()) == []
    assert wrong(revoke_cells(), held=111) == []


def test_accounts_are_created_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(creation_cells()) == []


def test_accounts_are_edited_and_deleted_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(account_cells()) == []


def test_teams_are_managed_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(team_cells()) == []


def test_awards_are_written_by_those_who_may_and_by_nobody_else() -> None:
    assert wrong(award_cells()) == []

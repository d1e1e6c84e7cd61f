"""What a guild held has a digest: of all that cannot be erased, and not of what may come to be known later."""

import msgspec
import pytest

from domain.backups.events import Counts
from domain.guilds.aggregate import Ban, Channel, Guild, Role
from domain.guilds.events import Overwrite
from domain.processes.snapshot import Snapshot

GUILD = Guild(id=1000, owner=7, name="Azores")
CHANNEL = Channel(id=1100, kind=0, name="hall", overwrites=(Overwrite(1001, 0, 1),))
SNAPSHOT = Snapshot(guild=GUILD, roles=(Role(id=1001, name="admin"),), channels=(CHANNEL,), bans=(Ban(9),), rows=3)
DIGEST = "544442f6bd01fb982a25905f9b8a1f11817c499f60a48592063edf21a62bdfe9"


class LaterRole(Role, frozen=True, kw_only=True):
    """A role as a later version may know it."""

    flags: int = 0


def test_a_snapshot_counts_what_it_holds() -> None:
    assert SNAPSHOT.counts() == Counts(roles=1, channels=1, bans=1, rows=3)


def test_the_digest_of_a_snapshot_is_the_same_for_ever() -> None:
    assert SNAPSHOT.digest() == DIGEST


@pytest.mark.parametrize(
    "changed",
    [
        {"guild": msgspec.structs.replace(GUILD, icon="a")},
        {"roles": ()},
        {"roles": (Role(id=1001, name="admin", position=1),)},
        {"channels": (msgspec.structs.replace(CHANNEL, overwrites=(Overwrite(1001, 0, 2),)),)},
    ],
)
def test_whatever_changes_a_snapshot_changes_its_digest(changed: dict[str, object]) -> None:
    assert msgspec.structs.replace(SNAPSHOT, **changed).digest() != DIGEST


def test_bans_may_be_erased_and_a_field_may_be_added_without_another_digest() -> None:
    assert msgspec.structs.replace(SNAPSHOT, bans=()).digest() == DIGEST
    assert msgspec.structs.replace(SNAPSHOT, roles=(LaterRole(id=1001, name="admin"),)).digest() == DIGEST

"""How loads look to people: steps as bars, plans as what goes, what comes and what changes."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from api.console.directory import Directory
from api.console.showing import Chip, named
from domain.guilds.aggregate import Channel, Role
from domain.loads.events import Item, Plan
from domain.processes.snapshot import Snapshot
from projections.loads.queries import LoadFound
from schemas.loads import Load, LoadStep, Step

STEPS: dict[Step, str] = {
    "delete_roles": "Delete roles",
    "roles": "Roles",
    "delete_channels": "Delete channels",
    "channels": "Channels",
    "bans": "Bans",
    "settings": "Properties",
}
OUTCOMES = {
    None: "running",
    "success": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "refused": "refused",
}
NOUNS = {"backup": "Backup", "template": "Template"}

NAMELESS: Mapping[str, str] = {}

_load = msgspec.json.Decoder(Load)


class Shown(msgspec.Struct, frozen=True):
    """A load on a page, with the names of what it names."""

    load: Load
    href: str
    what: str
    who: str

    @property
    def word(self) -> str:
        """Return how it ended, in a word."""
        return OUTCOMES[self.load.outcome]

    @property
    def is_running(self) -> bool:
        return self.load.outcome is None

    def status(self) -> str:
        """Return what it does, or how it ended."""
        text = self.load.status if self.is_running else self.word
        return text[:1].upper() + text[1:]

    def name_of(self, step: Step) -> str:
        """Return what a step is called."""
        return STEPS[step]

    def bars(self) -> list[LoadStep]:
        """Return the steps that there is something to do in, or that did something."""
        return [step for step in self.load.steps if step.total]


class Change(msgspec.Struct, frozen=True):
    """Some objects of a plan that all of the same is done with. `look`: gone, new, edited or kept."""

    verb: str
    noun: str
    look: str
    chips: Sequence[Chip]

    def title(self) -> str:
        """Say what is done with how many."""
        if self.noun == "guild":
            return f"{self.verb} the guild itself"
        count = len(self.chips)
        return f"{self.verb} {count} {self.noun}{'' if count == 1 else 's'}"


def decoded(found: LoadFound) -> Load:
    """Return a load as it is told."""
    return _load.decode(found.document)


def shown(
    load: Load, here: str, guilds: Mapping[str, str], people: Directory, backups: Mapping[str, str] = NAMELESS
) -> Shown:
    """Return a load as a page shows it; the names are those of the visitor's own `guilds` and `backups`."""
    source = guilds.get(load.source_id, f"guild {load.source_id}")
    loaded = load.backup_id or load.template_id or ""
    name = f"“{backups[loaded]}”" if loaded in backups else loaded
    what = f"{NOUNS[load.type]} {name} of {source}"
    return Shown(load, f"{here}/{load.load_id}", what, people.name_of("user", load.user_id) or load.user_id)


def directory_of(guild: int, roles: Iterable[Role], channels: Iterable[Channel]) -> Directory:
    """Return the names of these roles and channels."""
    return Directory(str(guild), {str(role.id): role for role in roles}, {str(it.id): it for it in channels})


def names_in(snapshot: Snapshot) -> Directory:
    """Return the names of what a snapshot holds."""
    return directory_of(snapshot.guild.id, snapshot.roles, snapshot.channels)


def changes_of(plan: Plan, source: Directory, target: Directory) -> list[Change]:
    """Return what a plan does, what it deletes first."""
    settings = [Chip("Name, icon, description and other properties")] if plan.settings else []
    there = _there(plan.roles)
    everyone = [each for each in there if str(each) == target.guild]  # the only role that is edited
    changes = [
        Change("Deletes", "role", "gone", _named("role", plan.delete_roles, target)),
        Change("Deletes", "channel", "gone", _named("channel", plan.delete_channels, target)),
        Change("Makes", "role", "new", _named("role", _new(plan.roles), source)),
        Change("Makes", "channel", "new", _named("channel", _new(plan.channels), source)),
        Change("Adds", "ban", "new", [Chip(str(user), "code") for user in plan.bans]),
        Change("Edits", "role", "edited", _named("role", everyone, target)),
        Change("Edits", "guild", "edited", settings),
        Change("Keeps", "role", "kept", _named("role", [it for it in there if it not in everyone], target)),
        Change("Keeps", "channel", "kept", _named("channel", _there(plan.channels), target)),
    ]
    return [change for change in changes if change.chips]


def _new(items: Iterable[Item]) -> list[int]:
    return [item.source for item in items if item.existing is None]


def _there(items: Iterable[Item]) -> list[int]:
    return [item.existing for item in items if item.existing is not None]


def _named(kind: str, ids: Iterable[int], directory: Directory) -> list[Chip]:
    return [named(kind, str(each), directory) for each in ids]

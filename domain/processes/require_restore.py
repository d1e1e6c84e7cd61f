"""Who may restore the settings of one guild in another one, and when."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from domain.guilds.aggregate import GUILD, MEMBER, Guild
from domain.guilds.commands import load_standing
from domain.guilds.permissions import Standing
from domain.kernel import Book, RefusalError
from domain.loads.aggregate import LOAD, Load
from domain.permissions import Actor
from domain.processes.setting_case import Ask
from domain.settings.access import may_view, may_write, require_write
from domain.settings.commands import load_defined
from domain.settings.definitions import Defined
from domain.settings.refusals import SettingRefusedError, SettingUnknownError

IN_SOURCE = "MANAGE_GUILD"


class LoadRunningError(RefusalError):
    """A load is running in the target."""


class RestoreDeniedError(RefusalError):
    """This restore is not allowed."""


class Who(msgspec.Struct, frozen=True):
    """Who restores. `user` is whose rights count, None: a bot by itself. `primary_bot` has the operator's templates."""

    actor: Actor
    user: int | None = None
    primary_bot: int | None = None

    def ask(self, guild: int, defined: Defined, operation: str, *, now: datetime, restore: str) -> Ask:
        """Return what is asked for when a restore writes a row."""
        return Ask(
            guild=guild,
            template=defined.template,
            setting=defined.setting.id,
            operation=operation,
            fields={},
            actor=self.actor,
            user=self.user,
            now=now,
            operation_id="",
            primary_bot=self.primary_bot,
            restore=restore,
        )

    def is_foreign(self, defined: Defined) -> bool:
        """Tell whether a template is another bot's than the one that asks."""
        owner = self.primary_bot if defined.owner is None else defined.owner
        return self.actor.app is not None and self.actor.app != owner


class Insight(msgspec.Struct, frozen=True):
    """Which settings of the source somebody may have: those that they can see there. `standing` None: all of them."""

    standing: Standing | None = None

    def covers(self, defined: Defined) -> bool:
        """Tell whether a setting may be had; one with passwords by who may write it."""
        if self.standing is None:
            return True
        has_secrets = any(column.is_secret() for column in defined.setting.columns)
        return may_view(defined, self.standing) and (not has_secrets or may_write(defined, self.standing))


async def require_rest(book: Book, target: int, *, but: str | None = None) -> None:
    """Refuse while a load runs in the target, any `but` this one. Errors: LoadRunningError."""
    loads = await book.load_about(LOAD, GUILD.stream(target))
    if any(load.outcome is None and load.id != but for load in loads.values()):
        raise LoadRunningError


async def require_insight(
    book: Book, source: int, target: int, *, user: int | None, bots: Sequence[int], load: str | None = None
) -> Insight:
    """Return what of the source the user (None: a bot, of its own settings) may have. `load`: it is part of that one.

    Who may manage the source may; if the source is gone, whoever loaded a backup of it into the target.
    `bots` are those that may be in the source. Errors: RestoreDeniedError.
    """
    if user is None:
        return Insight()
    guild = await book.load(GUILD, source)
    if guild is not None and guild.owner == user:
        return Insight()
    standing = await load_standing(book, source, user)
    if standing is not None and standing.holds(IN_SOURCE):
        return Insight(standing)
    if await _is_gone(book, source, guild, bots) and await _has_loaded(book, source, target, user, load):
        return Insight()
    raise RestoreDeniedError(f"{IN_SOURCE} in the guild {source} required.")


async def _is_gone(book: Book, source: int, guild: Guild | None, bots: Sequence[int]) -> bool:
    """Tell whether nobody reports the guild any more."""
    if guild is None:
        return True
    return guild.origin == "mirrored" and not await book.load_many(MEMBER, [(source, bot) for bot in bots])


async def _has_loaded(book: Book, source: int, target: int, user: int, running: str | None) -> bool:
    """Tell whether the user is one of the loaders of the mapping, or will be when this load ends."""
    loads = await book.load_about(LOAD, GUILD.stream(target))
    return any(_is_loader(load, source, user, running) for load in loads.values())


def _is_loader(load: Load, source: int, user: int, running: str | None) -> bool:
    """Tell whether a load made somebody a loader of the source: only loading a backup proves something."""
    is_counted = (load.outcome not in (None, "refused") or load.id == running) and load.has_begun
    return is_counted and (load.asked.type, load.source, load.asked.user) == ("backup", source, user)


async def require_writer(book: Book, target: int, template: str, setting: str, who: Who) -> None:
    """Refuse who may not create and change rows of a setting in the target, and a bot what is not its own.

    A setting that is not there refuses nobody. Errors: RestoreDeniedError.
    """
    defined = await _defined(book, target, template, setting)
    if defined is None:
        return
    if who.is_foreign(defined):
        raise RestoreDeniedError(f"The template {template} belongs to another bot.")
    if who.user is None:
        return
    standing = await load_standing(book, target, who.user)
    for operation in _operations(defined):
        try:
            require_write(defined, standing, operation)
        except SettingRefusedError as refusal:
            raise RestoreDeniedError(f"{refusal.text}: {refusal.members['message']}.") from refusal


def _operations(defined: Defined) -> Iterable[str]:
    return ("Create", "Update") if defined.setting.key_columns else ("Update",)


async def _defined(book: Book, target: int, template: str, setting: str) -> Defined | None:
    try:
        return await load_defined(book, guild=target, template=template, setting=setting)
    except (SettingUnknownError, SettingRefusedError):
        return None

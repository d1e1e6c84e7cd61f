"""The events of templates. What a template holds is what the log says of a guild up to a position."""

from typing import ClassVar

import msgspec

from domain.kernel import Event, stream_name


class Counts(msgspec.Struct, frozen=True):
    """How much a template holds."""

    roles: int = 0
    channels: int = 0


class TemplatePublished(Event, frozen=True):
    """The roles, channels and properties of a guild as they were at position `at`, for everybody to load.

    `digest` is the SHA-256 (hex) of them. `backup` names the backup that it was made of, if it was.
    """

    stored_type: ClassVar[str] = "templates.TemplatePublished"
    template: str
    guild: int
    creator: int
    at: int
    digest: str
    name: str
    description: str = ""
    backup: str | None = None
    counts: Counts = Counts()

    def about(self) -> tuple[str, ...]:
        return stream_name("guilds-guild", self.guild), stream_name("accounts", self.creator)


class TemplateWithdrawn(Event, frozen=True):
    """The template cannot be loaded any more."""

    stored_type: ClassVar[str] = "templates.TemplateWithdrawn"
    template: str


class BotAttached(Event, frozen=True):
    """A bot can restore its settings after a load of this template."""

    stored_type: ClassVar[str] = "templates.BotAttached"
    template: str
    bot: int


class BotDetached(Event, frozen=True):
    """A bot does not do that any more."""

    stored_type: ClassVar[str] = "templates.BotDetached"
    template: str
    bot: int


EVENTS: tuple[type[Event], ...] = (TemplatePublished, TemplateWithdrawn, BotAttached, BotDetached)

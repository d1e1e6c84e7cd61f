"""The events of an app."""

from typing import ClassVar

from domain.kernel import Event


class AppCreated(Event, frozen=True):
    """A program got credentials; only the SHA-256 (hex) of its password is known here."""

    stored_type: ClassVar[str] = "apps.AppCreated"
    app: int
    name: str
    permissions: int
    token_hash: str


class AppEdited(Event, frozen=True):
    """Name or permissions changed; None is what stayed as it was."""

    stored_type: ClassVar[str] = "apps.AppEdited"
    app: int
    name: str | None = None
    permissions: int | None = None


class AppTokenReset(Event, frozen=True):
    """The old password is dead, this is the SHA-256 (hex) of the new one."""

    stored_type: ClassVar[str] = "apps.AppTokenReset"
    app: int
    token_hash: str


class BotTokenReset(Event, frozen=True):
    """From now on this is the SHA-256 (hex) of the secret in the bot's token, and this is what the token is good for.

    `guilds` are those that it is limited to, None when it is not.
    """

    stored_type: ClassVar[str] = "apps.BotTokenReset"
    app: int
    token_hash: str
    scopes: tuple[str, ...] = ()
    guilds: tuple[int, ...] | None = None


class AppDeleted(Event, frozen=True):
    """The app is gone and its credentials with it."""

    stored_type: ClassVar[str] = "apps.AppDeleted"
    app: int


EVENTS: tuple[type[Event], ...] = (AppCreated, AppEdited, AppTokenReset, BotTokenReset, AppDeleted)

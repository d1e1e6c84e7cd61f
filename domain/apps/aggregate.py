"""The rules of an app: its name, its permissions, its password, and the token of a bot."""

import msgspec

from domain.apps.events import AppCreated, AppDeleted, AppEdited, AppTokenReset, BotTokenReset
from domain.kernel import Entity, Event, RefusalError
from domain.permissions import APP_BITS

BOT_SCOPES = (
    *("backups:write", "callbacks:read", "callbacks:write", "guilds:write", "loads:report", "loads:run"),
    *("settings:define", "settings:restore", "stats:write", "templates:write"),
)
AUDITOR_SCOPE = "events:read"  # all that is in the log: never given unless it is asked for
PRIVACY_SCOPE = "privacy:write"  # holds, erases, hands out: never given unless it is asked for
ALL_SCOPES = (*BOT_SCOPES, AUDITOR_SCOPE, PRIVACY_SCOPE)


class App(msgspec.Struct, frozen=True):
    """An app that exists. `token_hash` is of its password, "" when it has none.

    `bot_token_hash` is None unless it is a bot; `scopes` are what the bot's token is good for, and `guilds` where
    (None: everywhere).
    """

    id: int
    name: str
    permissions: int
    token_hash: str
    bot_token_hash: str | None = None
    scopes: tuple[str, ...] = ()
    guilds: tuple[int, ...] | None = None

    def is_bot(self) -> bool:
        """Tell whether it has the token of a bot."""
        return self.bot_token_hash is not None


class Everywhere(msgspec.Struct, frozen=True):
    """Says that a bot is limited to no guilds any more."""


class AppExistsError(RefusalError):
    """There is an app with this id already."""


class NotABotError(RefusalError):
    """This app is no bot."""


# How events change an app. The names of the events are stored for ever.


def evolve(app: App | None, event: Event) -> App | None:
    """Apply one event."""
    match event:
        case AppCreated():
            return App(event.app, event.name, event.permissions, event.token_hash)
        case AppEdited() if app:
            return _edited(app, event)
        case AppTokenReset() if app:
            return msgspec.structs.replace(app, token_hash=event.token_hash)
        case BotTokenReset() if app:
            bot = {"bot_token_hash": event.token_hash, "scopes": event.scopes, "guilds": event.guilds}
            return msgspec.structs.replace(app, **bot)
        case AppDeleted():
            return None
        case _:
            return app


def _edited(app: App, event: AppEdited) -> App:
    name = app.name if event.name is None else event.name
    permissions = app.permissions if event.permissions is None else event.permissions
    return msgspec.structs.replace(app, name=name, permissions=permissions)


APP = Entity[App]("apps", evolve)


# What may happen next.


def create_app(app: int, name: str, permissions: int, token_hash: str) -> list[Event]:
    """Create an app; `manage_own_team` means nothing for an app and is left out."""
    return [AppCreated(app=app, name=name, permissions=permissions & APP_BITS, token_hash=token_hash)]


def edit_app(app: App, *, name: str | None = None, grant: int = 0, revoke: int = 0) -> list[Event]:
    """Rename the app, grant and revoke permissions; both on one bit ends revoked."""
    permissions = (app.permissions | grant & APP_BITS) & ~revoke
    edited = AppEdited(
        app=app.id,
        name=None if name == app.name else name,
        permissions=None if permissions == app.permissions else permissions,
    )
    return [] if edited.name is None and edited.permissions is None else [edited]


def reset_token(app: App, token_hash: str) -> list[Event]:
    """Replace the password."""
    return [] if token_hash == app.token_hash else [AppTokenReset(app=app.id, token_hash=token_hash)]


def create_bot(
    state: App | None, app: int, *, name: str, token_hash: str, scopes: tuple[str, ...], guilds: tuple[int, ...] | None
) -> list[Event]:
    """Create an app that has no password, and may do nothing, but as a bot."""
    if state is not None:
        raise AppExistsError
    created = AppCreated(app=app, name=name, permissions=0, token_hash="")
    return [created, BotTokenReset(app=app, token_hash=token_hash, scopes=scopes, guilds=guilds)]


def reset_bot_token(
    app: App,
    *,
    token_hash: str | None = None,
    scopes: tuple[str, ...] | None = None,
    guilds: tuple[int, ...] | Everywhere | None = None,
) -> list[Event]:
    """Replace the token of a bot, or what it is good for; None is what stays as it is."""
    if app.bot_token_hash is None:
        raise NotABotError
    bound = app.guilds if guilds is None else guilds
    reset = BotTokenReset(
        app=app.id,
        token_hash=app.bot_token_hash if token_hash is None else token_hash,
        scopes=app.scopes if scopes is None else scopes,
        guilds=None if isinstance(bound, Everywhere) else bound,
    )
    same = (reset.token_hash, reset.scopes, reset.guilds) == (app.bot_token_hash, app.scopes, app.guilds)
    return [] if same else [reset]


def delete_app(app: App) -> list[Event]:
    """Delete the app."""
    return [AppDeleted(app=app.id)]

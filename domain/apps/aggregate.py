"""The rules of an app: its name, its permissions, its password."""

import msgspec

from domain.apps.events import AppCreated, AppDeleted, AppEdited, AppTokenReset
from domain.kernel import Entity, Event
from domain.permissions import APP_BITS


class App(msgspec.Struct, frozen=True):
    """An app that exists."""

    id: int
    name: str
    permissions: int
    token_hash: str


# How events change an app. The names of the events are stored for ever.


def evolve(app: App | None, event: Event) -> App | None:
    """Apply one event."""
    match event:
        case AppCreated():
            return App(event.app, event.name, event.permissions, event.token_hash)
        case AppEdited() if app:
            return App(app.id, *_edited(app, event), app.token_hash)
        case AppTokenReset() if app:
            return msgspec.structs.replace(app, token_hash=event.token_hash)
        case AppDeleted():
            return None
        case _:
            return app


def _edited(app: App, event: AppEdited) -> tuple[str, int]:
    name = app.name if event.name is None else event.name
    return name, app.permissions if event.permissions is None else event.permissions


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


def delete_app(app: App) -> list[Event]:
    """Delete the app."""
    return [AppDeleted(app=app.id)]

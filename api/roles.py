"""Who may read everything, and who looks after the book: asked by every surface of whoever calls."""

from typing import Protocol, runtime_checkable

from api.parts import Asked, parts_of
from domain.apps.aggregate import AUDITOR_SCOPE, PRIVACY_SCOPE


class BotToken(Protocol):
    """A bot, by its token; `guilds` are those that the token is limited to."""

    @property
    def guilds(self) -> frozenset[int] | None: ...

    def may(self, scope: str, /) -> bool: ...


@runtime_checkable
class Session(Protocol):
    """A session of a person."""

    @property
    def account(self) -> int: ...

    def may(self, scope: str, /) -> bool: ...


def is_auditor(request: Asked, caller: Session | BotToken) -> bool:
    """Tell whether who calls may read everything, personal fields too; each such reading is recorded."""
    if not caller.may(AUDITOR_SCOPE):
        return False
    if not isinstance(caller, Session):
        return caller.guilds is None
    settings = parts_of(request).settings
    return caller.account in settings.auditor_accounts() | settings.operator_accounts()


def is_operator(request: Asked, caller: Session | BotToken) -> bool:
    """Tell whether who calls looks after the book: erases, holds, hands out."""
    if not caller.may(PRIVACY_SCOPE):
        return False
    if not isinstance(caller, Session):
        return caller.guilds is None
    return caller.account in parts_of(request).settings.operator_accounts()

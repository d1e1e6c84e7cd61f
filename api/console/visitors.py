"""Who visits: the session whose token the cookie carries, and whether a form was sent from our own pages."""

from urllib.parse import quote, urlsplit

import msgspec
from litestar.datastructures import Cookie

from api.parts import Asked, parts_of
from api.tokens import session_of
from domain.permissions import Actor

COOKIE = "guildbook_console"
HOME = "/console"
SETTINGS_READ, SETTINGS_WRITE = "settings:read", "settings:write"
DAY_SECONDS = 86_400


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who is logged in."""

    account: int
    session: int
    kind: str
    name: str
    scopes: tuple[str, ...] | None
    actor: Actor

    def may(self, scope: str) -> bool:
        """Tell whether the session is good for this."""
        return self.scopes is None or scope in self.scopes


class LoginNeededError(Exception):
    """Nobody is logged in, or not any more."""


class ForeignFormError(Exception):
    """The form was sent from a page that is not ours."""


class ShutOutError(Exception):
    """You may not use this."""

    def __str__(self) -> str:
        return self.args[0] if self.args else self.__doc__ or ""


async def visitor_of(request: Asked, scope: str = SETTINGS_READ) -> Visitor:
    """Return who visits. Errors: LoginNeededError, ShutOutError."""
    parts = parts_of(request)
    credential = await session_of(parts, request.cookies.get(COOKIE, ""))
    if credential is None:
        raise LoginNeededError
    if credential.is_banned():
        raise ShutOutError("You are banned from this place.")
    account = await parts.accounts.get(credential.account)
    visitor = Visitor(
        account=credential.account,
        session=credential.session,
        kind=credential.kind,
        name=account.name if account else str(credential.account),
        scopes=None if credential.scopes is None else tuple(credential.scopes),
        actor=Actor(account=credential.account, session=credential.uuid),
    )
    request.scope["state"]["visitor"] = visitor
    if not visitor.may(scope):
        raise ShutOutError(f"Your token does not have the scope {scope}.")
    return visitor


async def writer_of(request: Asked) -> Visitor:
    """Return who sends a form that changes something. Errors: ForeignFormError, LoginNeededError, ShutOutError."""
    require_own_page(request)
    return await visitor_of(request, SETTINGS_WRITE)


def require_own_page(request: Asked) -> None:
    """Refuse a form that is not from our own pages: a browser always says from where. Errors: ForeignFormError."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_own = site == "same-origin" if site is not None else _is_here(request, origin)
    if not is_own or (origin is not None and not _is_here(request, origin)):
        raise ForeignFormError


def _is_here(request: Asked, origin: str | None) -> bool:
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def safe_target(target: str) -> str:
    """Return where to go after logging in: a page of the console, whatever was asked for."""
    is_ours = target == HOME or target.startswith((f"{HOME}/", f"{HOME}?"))
    return target if is_ours and target.isascii() and target.isprintable() and "\\" not in target else HOME


def here(request: Asked) -> str:
    """Return the path and query that were asked for, as one may come back to them."""
    path, query = quote(request.scope["path"], safe="/$"), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query and request.method == "GET" else path


def session_cookie(token: str, seconds: int, *, secure: bool) -> Cookie:
    """Return the cookie of a session; it is sent to the console only, and no script can read it.

    Lax, since one comes back from the identity provider, which is another site; nothing but reading is done on a GET.
    """
    return Cookie(key=COOKIE, value=token, path=HOME, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def is_secure(request: Asked) -> bool:
    """Tell whether a form came over https, perhaps through a proxy that ends it."""
    return request.url.scheme == "https" or urlsplit(request.headers.get("origin", "")).scheme == "https"

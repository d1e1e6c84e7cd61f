"""A small identity provider for trying things out: it speaks what of Discord's API logging in needs.

It keeps nothing: a code says itself whose it is. Anybody may log in as anybody, so it is for demonstrations only.
"""

import base64
import hashlib
import secrets
from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from api.demo_world import GUILD, GUILD_NAME, MANAGER, OTHER_GUILD, OWNER, PEOPLE, person
from api.parts import Asked, parts_of

TOKEN_PREFIX = "demo-"  # noqa: S105 - it is no secret
REFRESH_PREFIX = "demo-again-"
MANAGE_GUILD = 1 << 5
ALL = 2111062325329919
PATH = "/demo/discord"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Guildbook demo: log in</title>
<link rel="icon" href="data:,">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem; }}
input, button {{ font: inherit; padding: .4rem .8rem; }}
</style>
</head>
<body>
<main>
<h1>Who are you?</h1>
<p>This stands in for Discord. Try <b>{owner}</b>, who owns {guild}, <b>{manager}</b>, who manages it, or any name.</p>
<form method="get">
{hidden}
<label>Name <input name="name" required pattern="[A-Za-z0-9]{{1,32}}" autocomplete="username" autofocus></label>
<button>Log in</button>
</form>
</main>
</body>
</html>
"""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Wish(msgspec.Struct, frozen=True):
    """What a dashboard sends somebody here with."""

    client_id: str
    redirect_uri: str
    response_type: str = "code"
    scope: Annotated[str, msgspec.Meta(max_length=100)] = "identify guilds"
    state: str | None = None
    code_challenge: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    name: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9]{1,32}\Z")] | None = None


class Code(msgspec.Struct, frozen=True):
    """What a code says: who came, for what, and how to tell that the right one shows it."""

    name: str
    scope: str
    redirect: str
    challenge: str | None
    nonce: str


def user_of(token: str) -> dict[str, Any] | None:
    """Return whose token `demo-<name>` is, the same person every time; None for any other token."""
    name = token.removeprefix(TOKEN_PREFIX)
    if not token.startswith(TOKEN_PREFIX) or not name.isalnum():
        return None
    return {
        "id": str(person(name)),
        "username": name,
        "discriminator": "0",
        "avatar": None,
        "global_name": name.title(),
    }


def guilds_of(name: str) -> list[dict[str, Any]]:
    """Return the guilds that somebody is in: the other one has no bot."""
    permissions = {OWNER: ALL, MANAGER: MANAGE_GUILD}.get(name, 0)
    mine = [(GUILD, GUILD_NAME, permissions)] if name in PEOPLE else []
    listed = [*mine, (OTHER_GUILD.id, OTHER_GUILD.name, OTHER_GUILD.permissions)]
    return [{"id": str(each), "name": title, "icon": None, "permissions": str(bits)} for each, title, bits in listed]


@get(f"{PATH}/oauth2/@me", include_in_schema=False)
async def authorization(request: Asked) -> Response[dict[str, Any]]:
    """Say whose token was shown, and what it is good for."""
    user = _asking(request)
    if user is None:
        return _unauthorised()
    return Response({"application": {"name": "Guildbook demo"}, "scopes": ["identify"], "user": user})


@get(f"{PATH}/users/@me", include_in_schema=False)
async def me(request: Asked) -> Response[dict[str, Any]]:
    """Say whose token was shown."""
    user = _asking(request)
    return _unauthorised() if user is None else Response(user)


@get(f"{PATH}/users/@me/guilds", include_in_schema=False)
async def guilds(request: Asked) -> Response[Any]:
    """List the guilds of whose token was shown."""
    user = _asking(request)
    return _unauthorised() if user is None else Response(guilds_of(user["username"]))


@get(f"{PATH}/oauth2/authorize", include_in_schema=False)
async def authorize(request: Asked) -> Response[Any]:
    """Ask who somebody is, and send them back with a code."""
    try:
        wish = msgspec.convert(dict(request.query_params), Wish)
    except msgspec.ValidationError as error:
        return _plain(f"This is not how a login begins: {error}")
    settings = parts_of(request).settings
    if wish.client_id != str(settings.antiraid_client_id) or wish.redirect_uri not in settings.redirect_uris():
        return _plain("This client_id and redirect_uri are not allowed.")
    return Response(_page(wish), media_type="text/html", headers=HEADERS) if wish.name is None else _back(wish)


@post(f"{PATH}/oauth2/token", include_in_schema=False, status_code=200)
async def token(request: Asked) -> Response[dict[str, Any]]:
    """Give tokens for a code, or new tokens for old ones."""
    form = dict(await request.form())
    settings = parts_of(request).settings
    client = (str(settings.antiraid_client_id), settings.oauth_client_secret)
    if (form.get("client_id"), form.get("client_secret")) != client:
        return Response({"error": "invalid_client"}, status_code=401)
    granted = _renewed(form) if form.get("grant_type") == "refresh_token" else _granted(form)
    if granted is None:
        return Response({"error": "invalid_grant", "error_description": 'Invalid "code" in request.'}, status_code=400)
    name, scope = granted
    tokens = {"access_token": f"{TOKEN_PREFIX}{name}", "refresh_token": f"{REFRESH_PREFIX}{name}"}
    return Response({**tokens, "token_type": "Bearer", "expires_in": 604_800, "scope": scope})


def _asking(request: Asked) -> dict[str, Any] | None:
    return user_of(request.headers.get("authorization", "").removeprefix("Bearer "))


def _unauthorised() -> Response[dict[str, Any]]:
    return Response({"message": "401: Unauthorized", "code": 0}, status_code=401)


def _plain(text: str) -> Response[str]:
    return Response(text, status_code=400, media_type="text/plain", headers=HEADERS)


def _page(wish: Wish) -> str:
    asked = {name: text for name, text in msgspec.structs.asdict(wish).items() if text is not None}
    hidden = "\n".join(f'<input type="hidden" name="{name}" value="{escape(text)}">' for name, text in asked.items())
    return PAGE.format(owner=OWNER, manager=MANAGER, guild=escape(GUILD_NAME), hidden=hidden)


def _back(wish: Wish) -> Response[Any]:
    code = Code(
        name=(wish.name or "").lower(),
        scope=wish.scope,
        redirect=_digest(wish.redirect_uri),
        challenge=wish.code_challenge,
        nonce=secrets.token_urlsafe(9),
    )
    written = base64.urlsafe_b64encode(msgspec.json.encode(code)).decode().rstrip("=")
    said = {"code": written} if wish.state is None else {"code": written, "state": wish.state}
    mark = "&" if "?" in wish.redirect_uri else "?"
    return Redirect(f"{wish.redirect_uri}{mark}{urlencode(said)}", status_code=302, headers=HEADERS)


def _granted(form: dict[str, Any]) -> tuple[str, str] | None:
    """Return who a code is of and what it grants, None when it is not one for whoever shows it."""
    text = str(form.get("code", ""))
    try:
        code = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Code)
    except ValueError:
        return None
    verifier = form.get("code_verifier")
    challenge = _challenge(str(verifier)) if verifier else None
    if code.challenge != challenge or code.redirect != _digest(str(form.get("redirect_uri"))):
        return None
    return code.name, code.scope


def _renewed(form: dict[str, Any]) -> tuple[str, str] | None:
    name = str(form.get("refresh_token")).removeprefix(REFRESH_PREFIX)
    return (name, "identify guilds") if name.isalnum() else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


ROUTES = (authorization, me, guilds, authorize, token)

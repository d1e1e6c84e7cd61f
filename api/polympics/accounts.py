"""Accounts: sign-ups, creating, finding, editing and deleting them."""

import math
from typing import Any, TypeVar

import msgspec
from litestar import Response

from api.discord import BadTokenError
from api.parts import Asked, Parts, parts_of
from api.polympics.auth import Caller, caller_of, sends_credentials
from api.polympics.errors import InvalidError, answer, unknown
from api.polympics.forms import ABSENT, Form
from api.polympics.routes import delete, get, patch, post
from api.writing import Written, write
from domain.accounts.aggregate import ACCOUNT, Edit, Profile
from domain.permissions import ALL_BITS
from domain.processes.create_account import create_account
from domain.processes.delete_account import delete_account
from domain.processes.edit_account import edit_account
from domain.teams.aggregate import TEAM
from projections.accounts.queries import accounts_found, signups_word
from projections.teams.queries import teams_by_id
from schemas.polympics import (
    BIGINT_MAX,
    NAME_MAX,
    SEARCH_MAX,
    TOKEN_MAX,
    URL_MAX,
    Account,
    AccountEdit,
    Fault,
    NewAccount,
    Page,
    Signups,
    Team,
)

T = TypeVar("T")

PER_PAGE, PER_PAGE_MAX = 20, 100
TEXTS = ("name", "discriminator", "avatar_url", "discord_token")
PERMISSIONS = ("grant_permissions", "revoke_permissions")
PAGING: dict[str, dict[str, Any]] = {
    "q": {"type": "string", "maxLength": SEARCH_MAX},
    "page": {"type": "integer", "minimum": 0, "maximum": BIGINT_MAX, "default": 0},
    "per_page": {"type": "integer", "default": PER_PAGE, "description": "Brought within 1 and 100."},
}


@get("/accounts/signups", summary="Are sign-ups open?", answers={200: Signups}, credentials=())
async def signups(request: Asked) -> Response[bytes]:
    """Tell what the operator said last, or else the setting."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        recorded = await signups_word(connection)
    return answer(200, Signups(parts.settings.signups_open if recorded is None else recorded))


@post(
    "/accounts/new",
    "/acounts/new",  # the documented spelling
    summary="Register an account",
    body=NewAccount,
    answers={201: Account},
    refusals=(403, 409),
)
async def create(request: Asked) -> Response[bytes]:
    """Register somebody who may then log in."""
    caller = await caller_of(request)
    form = Form(request)
    await form.read_body()
    profile = _profile(form)
    team = await form.known("team", TEAM, required=False)
    permissions = form.integer("permissions", 0, ALL_BITS)
    form.check()
    default = parts_of(request).settings.signups_open
    wishes = {"profile": profile, "team": team, "permissions": permissions, "signups_default": default}
    written = await write(request, caller.actor, create_account, caller.actor, **wishes)
    return answer(201, await _shown(parts_of(request), profile, permissions, written), written.headers())


def _profile(form: Form) -> Profile:
    return Profile(
        id=form.integer("id", 1, BIGINT_MAX, required=True),
        name=form.text("name", NAME_MAX, required=True),
        discriminator=form.text("discriminator", NAME_MAX, required=True),
        avatar_url=None if form.given("avatar_url") is ABSENT else form.text("avatar_url", URL_MAX),
    )


async def _shown(parts: Parts, profile: Profile, permissions: int, written: Written[None]) -> Account:
    """Return the new account as reads show it, or, when they are late, as it was registered."""
    known = await parts.accounts.get(profile.id)
    if known:
        return known
    at = written.recorded_at.timestamp() if written.recorded_at else 0.0
    fields = (profile.name, profile.discriminator, profile.avatar_url)
    return Account(str(profile.id), *fields, None, permissions, at, ())


@get(
    "/accounts/search",
    summary="Find accounts",
    query={**PAGING, "team": {"type": "integer", "minimum": 1, "maximum": BIGINT_MAX}},
    answers={200: Page[Account]},
    credentials=(),
)
async def search(request: Asked) -> Response[bytes]:
    """Return one page of the accounts with this text in their names."""
    form = Form(request)
    parts = parts_of(request)
    name = form.text_in_query("q", SEARCH_MAX)
    team = await _team_in_query(form, parts)
    page, per_page = paging(form)
    form.check()
    async with parts.pool.connection() as connection:
        results, data = await accounts_found(
            connection, name=name, team=team, offset=offset(page, per_page), limit=per_page
        )
    return answer(200, paged(page, per_page, results, data))


async def _team_in_query(form: Form, parts: Parts) -> int | None:
    team = form.identity_in_query("team", TEAM.context)
    if team is not None and await team_by_id(parts, team) is None:
        form.faults.append(unknown(TEAM.context, "query", "team"))
    return team


async def team_by_id(parts: Parts, team: int) -> Team | None:
    """Return the team as reads show it."""
    if not 0 < team <= BIGINT_MAX:
        return None
    async with parts.pool.connection() as connection:
        return (await teams_by_id(connection, [team])).get(team)


def paging(form: Form) -> tuple[int, int]:
    """Return the page that is asked for, and how many items it has."""
    page = form.integer_in_query("page", 0, 0, BIGINT_MAX)
    return page, form.clamped_in_query("per_page", PER_PAGE, 1, PER_PAGE_MAX)


def offset(page: int, per_page: int) -> int:
    """Return how many items come before the page, as far as the database can count."""
    return min(page * per_page, BIGINT_MAX)


def paged(page: int, per_page: int, results: int, data: tuple[T, ...]) -> Page[T]:
    """Make a page of a search."""
    return Page(page, per_page, math.ceil(results / per_page), results, data)


@get("/account/{account:str}", summary="Get an account", answers={200: Account}, credentials=())
async def show(request: Asked) -> Response[bytes]:
    """Return the account with its team and awards."""
    form = Form(request)
    number = form.identity_in_path("account", ACCOUNT.context)
    form.check()
    return answer(200, await account_by_id(parts_of(request), number))


async def account_by_id(parts: Parts, account: int) -> Account:
    """Return the account as reads show it. Errors: InvalidError."""
    found = await parts.accounts.get(account) if 0 < account <= BIGINT_MAX else None
    if found is None:
        raise InvalidError([unknown(ACCOUNT.context, "path", "account")])
    return found


@patch(
    "/account/{account:str}",
    summary="Edit an account",
    body=AccountEdit,
    answers={200: Account},
    refusals=(403, 502),
    credentials=("", "basic"),
)
async def edit(request: Asked) -> Response[bytes]:
    """Change details, team and permissions, or take the details from Discord; all or nothing."""
    caller = await caller_of(request) if sends_credentials(request) else None
    form = Form(request)
    account = await form.known_in_path("account", ACCOUNT)
    await form.read_body()
    if caller is None:
        caller = await _anonymous(request, form)
    wishes = await _edit(form)
    token = form.text("discord_token", TOKEN_MAX)
    form.check()
    if token:
        wishes = await _with_profile(request, caller, account, wishes, token)
    written = await write(request, caller.actor, edit_account, caller.actor, account=account, edit=wishes)
    return answer(200, await account_by_id(parts_of(request), account), written.headers())


async def _anonymous(request: Asked, form: Form) -> Caller:
    """Let anybody refresh an account from Discord with its owner's token; for all else there must be a header."""
    return Caller() if _effective(form) == ["discord_token"] else await caller_of(request)


def _effective(form: Form) -> list[str]:
    """Return which fields would change something: null, "" for a text and 0 for permissions would not."""
    texts = [name for name in TEXTS if form.given(name) not in (ABSENT, "")]
    permissions = [name for name in PERMISSIONS if form.given(name) is not ABSENT and not form.is_zero(name)]
    return [*texts, *permissions, *([] if form.given("team") is ABSENT else ["team"])]


async def _edit(form: Form) -> Edit:
    team: int | msgspec.UnsetType | None = msgspec.UNSET
    if form.given("team") is not ABSENT:
        team = None if form.is_zero("team") else await form.known("team", TEAM)
    return Edit(
        name=form.text("name", NAME_MAX),
        discriminator=form.text("discriminator", NAME_MAX),
        avatar_url=form.text("avatar_url", URL_MAX),
        team=team,
        grant=form.integer("grant_permissions", 0, ALL_BITS),
        revoke=form.integer("revoke_permissions", 0, ALL_BITS),
    )


async def _with_profile(request: Asked, caller: Caller, account: int, wishes: Edit, token: str) -> Edit:
    """Ask Discord, once the rest of the edit is known to be allowed."""
    parts = parts_of(request)
    await parts.store.preview(edit_account, caller.actor, account=account, edit=wishes)
    try:
        profile = await parts.discord.profile_of(token)
    except BadTokenError as error:
        raise InvalidError([Fault(("body", "discord_token"), "Bad Discord user token.", "value_error")]) from error
    return msgspec.structs.replace(wishes, profile=profile)


@delete("/account/{account:str}", summary="Delete an account", answers={204: None}, refusals=(403,))
async def remove(request: Asked) -> Response[bytes]:
    """Delete the account, its sessions and its holdings of awards."""
    caller = await caller_of(request)
    form = Form(request)
    account = await form.known_in_path("account", ACCOUNT)
    form.check()
    written = await write(request, caller.actor, delete_account, caller.actor, account=account)
    return answer(204, headers=written.headers())


ROUTES = (signups, create, search, show, edit, remove)

"""The settings of a guild: what may be set, and doing it."""

from typing import Any, cast

import msgspec
from litestar import Response

from api.antiraid.auth import Scope, caller_of
from api.antiraid.bodies import read_body
from api.antiraid.errors import NotFoundError, StaleError, answer
from api.antiraid.paths import guild_in_path
from api.antiraid.routes import get, post
from api.etags import if_match_of, tagged
from api.executing import GuildWithoutBotError, Wish, offered, operate, unreadable
from api.parts import Asked, parts_of
from api.templates import Offered
from domain.processes.setting_case import DELETE, VIEW
from domain.settings.refusals import PreconditionFailedError
from schemas.antiraid import SettingErr, SettingOk, SettingResults, SettingsOperationRequest

BIGINT_MAX = 2**63 - 1
NO_BOT = "Guild to get settings for does not have the bot?"
STALE = "The setting was changed since you read it"
IF_MATCH = {"If-Match": {"type": "string", "description": 'What an ETag said: `"s8812"`, or `"r8812"` for one row.'}}
OTHER_KEYS = {("$builtins", "guildroles"): {"roleid": "role_id"}}
"""What upstream's stock settings call a primary key when they answer that its row is gone, beside its own name."""


@get(
    "/guilds/{guild_id:str}/settings",
    summary="What may be set in a guild",
    answers={200: SettingResults, 304: None},
    scope="settings:read",
    bucket="settings_execute",
)
async def definitions(request: Asked) -> Response[bytes]:
    """Return the settings of all templates that the guild is offered, for members and for everybody else."""
    guild = _guild(request)
    try:
        templates = await offered(parts_of(request), guild)
    except GuildWithoutBotError as error:
        raise NotFoundError(NO_BOT) from error
    return tagged(request, msgspec.json.encode({it.name: _definitions(it) for it in templates}), private=True)


def _definitions(template: Offered) -> SettingOk | SettingErr:
    return unreadable(template) if template.fault else SettingOk(template.shown)


@post(
    "/guilds/{guild_id:str}/settings",
    summary="See or change what is set in a guild",
    body=SettingsOperationRequest,
    answers={200: SettingResults},
    refusals=(412,),
    headers=IF_MATCH,
    bucket="settings_execute",
)
async def execute(request: Asked) -> Response[bytes]:
    """Do the operation in every template that defines the setting; each answers for itself."""
    caller = await caller_of(request)
    guild = _guild(request)
    body = await read_body(request, SettingsOperationRequest)
    scope: Scope = "settings:read" if body.operation == VIEW else "settings:write"
    caller.require(scope)
    wish = Wish(
        guild=guild,
        setting=body.setting,
        operation=body.operation,
        fields=body.fields,
        user=caller.account,
        actor=caller.actor,
        if_match=if_match_of(request),
    )
    try:
        answered = await operate(request, wish)
    except GuildWithoutBotError as error:
        raise NotFoundError(NO_BOT) from error
    except PreconditionFailedError as error:
        raise StaleError(STALE) from error
    return answer(200, _with_other_keys(wish, answered.results), answered.headers_with_tag())


def _guild(request: Asked) -> int:
    guild = guild_in_path(request)
    if guild > BIGINT_MAX:  # Discord gives such ids from 2084 on
        raise NotFoundError(NO_BOT)
    return guild


def _with_other_keys(wish: Wish, results: SettingResults) -> SettingResults:
    if wish.operation != DELETE:
        return results
    return {name: _with_other_key(result, (name, wish.setting)) for name, result in results.items()}


def _with_other_key(result: SettingOk | SettingErr, setting: tuple[str, str]) -> SettingOk | SettingErr:
    others = OTHER_KEYS.get(setting)
    if others is None or isinstance(result, SettingErr):
        return result
    data = cast("dict[str, Any]", result.data)
    return msgspec.structs.replace(result, data={**data, **{other: data[own] for other, own in others.items()}})


ROUTES = (definitions, execute)

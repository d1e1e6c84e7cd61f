"""The history of a setting's rows, and putting one back to how it was."""

from typing import Any, cast

import orjson
from litestar import Response

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import InvalidError, ProblemError, answer
from api.book.forms import Faults, converted, query_of, read_object, snowflake_in_path
from api.book.pages import PAGING, page, paging
from api.book.routes import get, post
from api.etags import MalformedTagError, if_match_of
from api.parts import Asked, parts_of
from api.row_history import BEYOND, deeds
from api.undoing import NoSuchRowError, setting_of
from api.undoing import undo as put_back
from domain.settings.access import may_write
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject
from domain.settings.refusals import PreconditionFailedError, SettingRefusedError, SettingUnknownError
from domain.settings.rows import read_key
from projections.guilds.queries import standing_of
from schemas.book import Fault, Items, Position
from schemas.templates import Deed, Undo

UNKNOWN = "The guild is not offered such a setting."
KEY = {"key": {"type": "string", "description": "The primary key of one row, as JSON."}}
ANYBODYS = ("bot", "session")


@get(
    "/book/guilds/{guild_id:str}/settings/{template:str}/{setting:str}/history",
    summary="How the rows of a setting came to be what they are",
    query={**KEY, **PAGING},
    answers={200: Items[Deed]},
    credentials=ANYBODYS,
)
async def history(request: Asked) -> Response[bytes]:
    """Return what happened to one row, or to the whole setting, newest first: to its bot, and to who may write it."""
    guild = snowflake_in_path(request, "guild_id")
    caller = await session_or_bot_of(request, bot_scope="settings:define", session_scope="settings:read", guild=guild)
    defined = await _defined(request, guild)
    await _require_insight(request, guild, defined, caller)
    asked, key = paging(request, int), _key_in_query(request, defined)
    before = int(asked.after[0]) if asked.after else BEYOND
    found = await deeds(parts_of(request), guild, defined, key=key, before=before, limit=asked.limit + 1)
    return answer(200, page(asked, found, lambda deed: (deed.position,), lambda deed: deed))


async def _defined(request: Asked, guild: int) -> Defined:
    """Return the setting that the path names. Errors: ProblemError."""
    path = request.path_params
    found = await setting_of(parts_of(request), guild, path["template"], path["setting"])
    if found is None:
        raise ProblemError(404, UNKNOWN)
    return found


async def _require_insight(request: Asked, guild: int, defined: Defined, caller: Bot | Person) -> None:
    parts = parts_of(request)
    if isinstance(caller, Bot):
        is_allowed = caller.app == (defined.owner or parts.settings.antiraid_client_id)
    else:
        async with parts.pool.connection() as connection:
            is_allowed = may_write(defined, await standing_of(connection, guild, caller.account))
    if not is_allowed:
        raise ProblemError(403, "Only the template's bot and those who may write the setting see its history.")


def _key_in_query(request: Asked, defined: Defined) -> JsonObject | None:
    """Return the primary key that the query names, None for all rows. Errors: ProblemError."""
    text = query_of(request).get("key")
    if text is None:
        return None
    try:
        return _read_key(defined, orjson.loads(text))
    except (orjson.JSONDecodeError, SettingRefusedError) as error:
        raise ProblemError(400, "key must be the primary key of a row, as JSON.") from error


def _read_key(defined: Defined, value: object) -> JsonObject:
    """Read a primary key. Errors: SettingRefusedError."""
    if not isinstance(value, dict):
        raise SettingRefusedError("MissingOrInvalidField", "must be an object")
    return read_key(defined.setting, cast("JsonObject", value))


@post(
    "/book/guilds/{guild_id:str}/settings/{template:str}/{setting:str}/undo",
    summary="Put a row back to how it was",
    body=Undo,
    answers={200: Position},
    refusals=(412,),
    credentials=("session",),
)
async def undo(request: Asked) -> Response[bytes]:
    """Bring a row back to how it stood at a position of the log."""
    guild = snowflake_in_path(request, "guild_id")
    person = await _person(request, guild)
    defined = await _defined(request, guild)
    key, position = _read_undo(defined, await read_object(request))
    try:
        written = await put_back(
            request,
            defined,
            guild=guild,
            key=key,
            position=position,
            user=person.account,
            actor=person.actor,
            if_match=_if_match(request),
        )
    except NoSuchRowError as error:
        raise ProblemError(404, str(error)) from error
    except PreconditionFailedError as error:
        raise ProblemError(412, "The setting was changed since you read it.") from error
    except SettingUnknownError as error:
        raise ProblemError(404, UNKNOWN) from error
    except SettingRefusedError as error:
        raise ProblemError(403 if error.members.get("src") == "permissions" else 422, f"{error.text}.") from error
    return answer(200, Position(written.position), written.headers())


async def _person(request: Asked, guild: int) -> Person:
    caller = await session_or_bot_of(request, bot_scope=None, session_scope="settings:write", guild=guild)
    if not isinstance(caller, Person):
        raise ProblemError(403, "This needs the session of a user.")
    return caller


def _read_undo(defined: Defined, body: dict[str, Any]) -> tuple[JsonObject, int]:
    faults = Faults()
    wanted: Undo | None = converted(faults, body, Undo)
    faults.check()
    assert wanted is not None, "else there were faults"
    try:
        return _read_key(defined, wanted.key), wanted.position
    except SettingRefusedError as error:
        raise InvalidError([Fault("/key", error.text)]) from error


def _if_match(request: Asked) -> str | None:
    try:
        return if_match_of(request)
    except MalformedTagError as error:
        raise ProblemError(400, str(error)) from error


ROUTES = (history, undo)

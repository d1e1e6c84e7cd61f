"""Clients of the AntiRaid surface, made from what is known of the real ones: they take what those take, no more."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.judges.fetching import Client, Json, Page, RefusedError, require, text_of

Row = dict[str, Any]
Setting = dict[str, Any]

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
LOGGED_OUT = (401, 403)
BLANKS: dict[str, Json] = {"Integer": 0, "Float": 0, "Boolean": False, "Json": {}}
SHOWN_AS = {"Integer": {int}, "Float": {int, float}, "BitFlag": {int}, "Boolean": {bool}}


class Outcome(NamedTuple):
    """What the templates answered: all of it, what those say that did it, and why the others did not."""

    whole: dict[str, Json]
    done: dict[str, Json]
    refused: dict[str, str]
    tag: str


class OlderClient(Client):
    """A client of the predecessor, which says whose token it sends, and waits when it is told to."""

    scheme = "User "

    async def guild(self, guild: int) -> dict[str, Json]:
        return (await self.ask("GET", f"/users/@me/guilds/{guild}")).json()


class SettingsInspector(Client):
    """A script that prints what may be set."""

    async def settings(self, guild: int) -> dict[str, Json]:
        return outcome_of((await self.ask("GET", f"/guilds/{guild}/settings")).json()).done


class ScriptPusher(Client):
    """A script that pushes scripts; the URL that it is given ends with a slash, to which it adds another one."""

    async def push(self, guild: int, name: str, content: Mapping[str, str]) -> None:
        """Push a script; whatever succeeds has pushed it."""
        fields = {
            "name": name,
            "language": "luau",
            "paused": False,
            "allowed_caps": ["discord:create_message"],
            "events": ["INTERACTION_CREATE"],
            "content": content,
            "error_channel": None,
        }
        body = {"setting": "scripts", "operation": "Create", "fields": fields, "module": "scripting"}
        await self.ask("POST", f"//guilds/{guild}/settings", body)


class Dashboard(Page):
    """The web dashboard."""

    async def config(self) -> dict[str, Json]:
        return (await self.ask("GET", "/config")).json()

    async def bot_stats(self) -> dict[str, Json]:
        return (await self.ask("GET", "/bot-stats")).json()

    async def bot_state(self) -> dict[str, Json]:
        return (await self.ask("GET", "/bot-state")).json()

    async def log_in(self, code: str, redirect_uri: str, **more: str) -> dict[str, Json]:
        """Come back from the identity provider, and keep the token."""
        opened = (await self.ask("POST", "/oauth2", {"code": code, "redirect_uri": redirect_uri, **more})).json()
        _date(opened["expiry"])
        self.token = text_of(opened, "token")
        return opened

    async def me(self) -> dict[str, Json] | None:
        """Return who is logged in, None for nobody."""
        try:
            return (await self.ask("GET", "/sessions/@me")).json()
        except RefusedError as error:
            if error.status in LOGGED_OUT:
                return None
            raise

    async def sessions(self) -> dict[str, Json]:
        found = (await self.ask("GET", "/sessions")).json()
        for session in found["sessions"]:
            _date(session["created_at"])
            _date(session["expiry"])
        return found

    async def issue(self, wish: Mapping[str, Json]) -> dict[str, Json]:
        """Issue an API token."""
        issued = (await self.ask("POST", "/sessions", wish)).json()
        _date(issued["expiry"])
        return issued

    async def revoke(self, session: str) -> None:
        await self.ask("DELETE", f"/sessions/{session}")

    async def guilds(self, *, refresh: bool = False) -> dict[str, Json]:
        return (await self.ask("GET", f"/users/@me/guilds?refresh={str(refresh).lower()}")).json()

    async def guild(self, guild: int) -> dict[str, Json]:
        return (await self.ask("GET", f"/users/@me/guilds/{guild}")).json()

    async def settings(self, guild: int) -> dict[str, Json]:
        """Return what may be set in a guild, by template."""
        found = outcome_of((await self.ask("GET", f"/guilds/{guild}/settings")).json())
        for setting in (setting for offered in found.done.values() for setting in offered):
            _check_definition(setting)
        return found.whole

    async def operate(self, guild: int, body: Mapping[str, Json], **headers: str) -> Outcome:
        """Ask for an operation. Each template says for itself whether it did it."""
        answer = await self.ask("POST", f"/guilds/{guild}/settings", body, **headers)
        return outcome_of(answer.json(), self.header(answer, "ETag") or "")

    async def rows(self, guild: int, setting: Setting) -> list[Row]:
        """Return the rows of all templates as one list, in their order."""
        seen = await self._do(guild, setting, "View", {})
        rows = [row for shown in seen.done.values() for row in _listed(shown)]
        for row in rows:
            _check_row(setting, row)
        index = setting["index_by"]
        return sorted(rows, key=lambda row: row[index]) if index else rows

    async def create(self, guild: int, setting: Setting, typed: Row) -> Outcome:
        """Create a row; what nobody has typed is sent blank."""
        blanks = {column["id"]: _blank(column) for column in _columns(setting)}
        return await self._do(guild, setting, "Create", {**blanks, **typed})

    async def update(self, guild: int, setting: Setting, row: Row, typed: Row) -> Outcome:
        """Update a row as it was shown, which is not always as it was sent."""
        return await self._do(guild, setting, "Update", {**_reshaped(setting, row), **typed})

    async def delete(self, guild: int, setting: Setting, row: Row) -> Outcome:
        return await self._do(guild, setting, "Delete", _key(setting, row))

    async def reorder(self, guild: int, setting: Setting, rows: Sequence[Row]) -> Outcome:
        """Put all rows of all templates into this order."""
        index = setting["index_by"]
        entries = [{**_key(setting, row), index: place} for place, row in enumerate(rows, start=1)]
        return await self._do(guild, setting, "Reorder", entries)

    async def press(self, guild: int, setting: Setting, button: str, fields: Row) -> Outcome:
        """Ask for an operation of the setting's own."""
        return await self._do(guild, setting, button, fields)

    async def _do(self, guild: int, setting: Setting, operation: str, fields: Json) -> Outcome:
        return await self.operate(guild, {"setting": setting["id"], "operation": operation, "fields": fields})


def outcome_of(whole: Json, tag: str = "") -> Outcome:
    """Look at what each template says of itself. Errors: UnusableError."""
    done = {name: result["data"] for name, result in whole.items() if result["type"] == "Ok"}
    refused = {name: text_of(result, "data") for name, result in whole.items() if result["type"] == "Err"}
    require(len(done) + len(refused) == len(whole), "a result is neither Ok nor Err")
    return Outcome(whole, done, refused, tag)


def found_in(settings: Json, name: str) -> Setting:
    """Return the first definition of a setting, as a page about it has it."""
    offered = (setting for settings in outcome_of(settings).done.values() for setting in settings)
    found = [setting for setting in offered if setting["id"] == name]
    require(found, f"{name}: not offered")
    return found[0]


def _listed(shown: Json) -> list[Row]:
    """Return the rows of a template, whose setting may also be a single one."""
    require(isinstance(shown, list | dict), "nothing was shown")
    return shown if isinstance(shown, list) else [shown] if shown else []


def _check_definition(setting: Setting) -> None:
    for column in setting["columns"]:
        inner = column["column_type"]["inner"]
        arrays = [column["readonly"], column["hidden"]]
        if inner["type"] == "String":
            arrays.append(inner["allowed_values"])
        require(all(isinstance(each, list) for each in arrays), f"{column['id']}: a list is none")


def _check_row(setting: Setting, row: Row) -> None:
    for column in (column for column in _columns(setting) if "View" not in column["hidden"]):
        name, kind = column["id"], column["column_type"]
        types = {list} if kind["type"] == "Array" else SHOWN_AS.get(kind["inner"]["type"])
        is_null = row[name] is None and column["nullable"] and kind["type"] != "Array"
        require(types is None or is_null or type(row[name]) in types, f"{name}: {row[name]!r}")
    require(setting["index_by"] is None or setting["index_by"] in row, "a row has no place")


def _columns(setting: Setting) -> list[dict[str, Json]]:
    return [column for column in setting["columns"] if column["column_type"]["type"] != "Widget"]


def _blank(column: Mapping[str, Json]) -> Json:
    kind = column["column_type"]
    return [] if kind["type"] == "Array" else BLANKS.get(kind["inner"]["type"], "")


def _key(setting: Setting, row: Row) -> Row:
    return {column["id"]: row[column["id"]] for column in _columns(setting) if column["primary_key"]}


def _reshaped(setting: Setting, row: Row) -> Row:
    """Do to a row what templates of views do: a title is added, and sources are shown elsewhere."""
    if setting["view_template"] is None:
        return row
    styles = {column["id"]: column["column_type"]["inner"].get("style") for column in _columns(setting)}
    kept = {name: value for name, value in row.items() if styles[name] != "template-content"}
    return {"title": "what the template says", **kept}


def _date(text: Json) -> datetime:
    require(isinstance(text, str) and DATE.fullmatch(text), f"no date: {text!r}")
    return datetime.fromisoformat(text)

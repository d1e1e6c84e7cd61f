"""Every setting: `GUILDBOOK_` and the field's name in capitals; its type, its default and what it is for."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

PREFIX = "GUILDBOOK_"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}


class SettingError(ValueError):
    """A setting has a value that it cannot have."""


def _about(text: str, *, ge: int | None = None, le: int | None = None) -> msgspec.Meta:
    return msgspec.Meta(description=text, ge=ge, le=le)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may decide. Read once, when a process starts."""

    database_url: Annotated[str | None, _about("PostgreSQL 16 or later; without it, an embedded one runs.")] = None
    master_key: Annotated[str | None, _about("Base64 of 32 bytes that wrap the data keys; else `master.key`.")] = None
    host: Annotated[str, _about("Address that the API listens on.")] = "127.0.0.1"
    port: Annotated[int, _about("Port that the API listens on.", ge=1, le=65_535)] = 8080
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _about("How much is logged.")] = "info"
    log_requests: Annotated[bool, _about("Log every request, not only the slow and the failed.")] = False
    allowed_origins: Annotated[str, _about("Web origins that may call the API, separated by commas.")] = ""
    signups_open: Annotated[bool, _about("Whether new accounts are welcome, until `guildbook signups` says.")] = True
    max_session_age: Annotated[str, _about("How long a session lasts: parts of s m h d w M y, as `1h 30m`.")] = "30d"
    discord_api_url: Annotated[str, _about("Discord-compatible API that tokens are shown to.")] = (
        "https://discord.com/api/v10"
    )
    discord_cdn_url: Annotated[str, _about("Where avatars are.")] = "https://cdn.discordapp.com"
    discord_timeout_seconds: Annotated[int, _about("Patience with that API.", ge=1, le=60)] = 10
    callbacks_allow_private: Annotated[bool, _about("Deliver to private addresses too.")] = False
    callback_concurrency_max: Annotated[int, _about("Deliveries under way at once.", ge=1, le=1000)] = 64
    callback_timeout_seconds: Annotated[int, _about("Patience with one delivery.", ge=1, le=60)] = 15
    body_bytes_max: Annotated[int, _about("Largest request body.", ge=1024)] = 1_048_576
    body_seconds_max: Annotated[int, _about("Patience with a slow request body.", ge=1, le=300)] = 20
    freshness_seconds_max: Annotated[int, _about("How long a write waits to be visible.", ge=0, le=60)] = 5
    database_connections_max: Annotated[int, _about("Connections of the API's pool.", ge=2, le=100)] = 8

    def max_session(self) -> timedelta:
        """Return how long a session lasts. Errors: SettingError."""
        return duration(self.max_session_age)

    def origins(self) -> frozenset[str]:
        """Return the web origins that may call the API."""
        return frozenset(filter(None, (origin.strip() for origin in self.allowed_origins.split(","))))


def duration(text: str) -> timedelta:
    """Read a duration such as `30d` or `1h 30m`; a month is 30 days, a year 365. Errors: SettingError."""
    parts = re.findall(r"(\d+)\s*([smhdwMy])", text)
    if not parts or re.sub(r"\d+\s*[smhdwMy]|\s", "", text):
        message = f"{text!r} is not a duration: write it as 30d, or 1h 30m (s m h d w M y)."
        raise SettingError(message)
    try:
        return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))
    except OverflowError as error:
        message = f"{text!r} is too long."
        raise SettingError(message) from error


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from the environment; empty values count as not set. Errors: SettingError."""
    known = {field.name for field in msgspec.structs.fields(Settings)}
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    settings = _convert({name: value for name, value in given.items() if name in known})
    settings.max_session()
    return settings


def _convert(given: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert({name: _word(name, value) for name, value in given.items()}, Settings, strict=False)
    except msgspec.ValidationError as error:
        message = f"A setting is wrong: {PREFIX}{_field(error)}: {error}"
        raise SettingError(message) from error


def _word(name: str, value: str) -> str:
    """Let booleans be written as people do."""
    if get_args(get_type_hints(Settings, include_extras=True)[name])[0] is not bool:
        return value
    return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), value)


def _field(error: msgspec.ValidationError) -> str:
    found = re.search(r"\$\.(\w+)", str(error))
    return found.group(1).upper() if found else ""

"""Every setting: `GUILDBOOK_` and the field's name in capitals; its type, its default and what it is for."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

PREFIX = "GUILDBOOK_"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}


OFF = ("0", "off")
LIMIT = "limit_"
Network = IPv4Network | IPv6Network


class Limit(NamedTuple):
    """How many requests within how many seconds, wherever the window begins."""

    requests: int
    seconds: int


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
    heartbeat: Annotated[str, _about("File that workers touch while they live, for `guildbook health`.")] = ""
    allowed_origins: Annotated[str, _about("Web origins that may call the API, separated by commas.")] = ""
    trusted_proxies: Annotated[str, _about("Networks whose X-Forwarded-For counts, separated by commas.")] = ""
    signups_open: Annotated[bool, _about("Whether new accounts are welcome, until `guildbook signups` says.")] = True
    max_session_age: Annotated[str, _about("How long a session lasts: parts of s m h d w M y, as `1h 30m`.")] = "30d"
    discord_api_url: Annotated[str, _about("Discord-compatible API that tokens are shown to.")] = (
        "https://discord.com/api/v10"
    )
    discord_cdn_url: Annotated[str, _about("Where avatars and icons are.")] = "https://cdn.discordapp.com"
    discord_timeout_seconds: Annotated[int, _about("Patience with that API.", ge=1, le=60)] = 10
    discord_bot_token: Annotated[str, _about("Token of the bot that loads into guilds at that API.")] = ""
    oauth_client_secret: Annotated[str, _about("Secret of the primary bot at that API, to log in with a code.")] = ""
    oauth_redirect_uris: Annotated[str, _about("Where a login may come back to, exactly, separated by commas.")] = ""
    operators: Annotated[
        str, _about("Accounts that look after the book: callbacks, holds, erasure. Ids, separated by commas.")
    ] = ""
    auditors: Annotated[
        str, _about("Accounts that may read everything and write nothing for it. Ids, separated by commas.")
    ] = ""
    login_age: Annotated[str, _about("How long a login of a dashboard lasts, as `GUILDBOOK_MAX_SESSION_AGE`.")] = "1h"
    callbacks_allow_private: Annotated[bool, _about("Deliver to private addresses too.")] = False
    callbacks_of_an_app_max: Annotated[int, _about("How many callbacks an app may have at `/book`.", ge=1)] = 50
    callback_concurrency_max: Annotated[int, _about("Deliveries under way at once.", ge=1, le=1000)] = 64
    callback_timeout_seconds: Annotated[int, _about("Patience with one delivery.", ge=1, le=60)] = 15
    callback_pending_max: Annotated[
        int, _about("Deliveries that wait for one endpoint; others stay in the log.", ge=1)
    ] = 1000
    callback_failing_hours_max: Annotated[
        int, _about("How long an endpoint of `/book/callbacks` may only fail before it is disabled.", ge=1)
    ] = 24
    delivery_days: Annotated[int, _about("How long what became of a delivery is kept.", ge=1)] = 30
    checkpoint_origin: Annotated[
        str, _about("What signed checkpoints call this book: an address of yours, without `https://`.")
    ] = "guildbook"
    checkpoint_seconds: Annotated[
        int, _about("How often what was recorded is put under a signed checkpoint.", ge=1, le=3600)
    ] = 2
    checkpoint_witnesses: Annotated[
        str, _about("Who is asked to sign checkpoints too: `URL KEY`, separated by commas (C2SP tlog-witness).")
    ] = ""
    backups_of_a_creator_max: Annotated[int, _about("How many backups one user may have.", ge=1)] = 100
    load_silence_seconds_max: Annotated[
        int, _about("How long a bot that runs a load itself may say nothing of it.", ge=1)
    ] = 900
    body_bytes_max: Annotated[int, _about("Largest request body.", ge=1024)] = 1_048_576
    body_seconds_max: Annotated[int, _about("Patience with a slow request body.", ge=1, le=300)] = 20
    settings_body_bytes_max: Annotated[int, _about("Largest request body of the AntiRaid surface.", ge=1024)] = (
        2_097_152
    )
    xenon_body_bytes_max: Annotated[int, _about("Largest request body of the Xenon surface.", ge=1024)] = 65_536
    snapshot_body_bytes_max: Annotated[int, _about("Largest report of a whole guild.", ge=1024)] = 33_554_432
    stream_seconds_max: Annotated[int, _about("How long a client of a stream may take nothing.", ge=1, le=3600)] = 60
    freshness_seconds_max: Annotated[int, _about("How long a write waits to be visible.", ge=0, le=60)] = 5
    database_connections_max: Annotated[int, _about("Connections of the API's pool.", ge=2, le=100)] = 8
    antiraid_main_server: Annotated[int, _about("Guild that `/config` calls home; 0 for none.", ge=0)] = 0
    antiraid_support_invite: Annotated[str, _about("Where `/config` sends those who need help.")] = (
        "https://discord.com"
    )
    antiraid_client_id: Annotated[
        int, _about("The primary bot, by its application id; 0 for none.", ge=0, le=2**63 - 1)
    ] = 0
    stats_stale_seconds: Annotated[
        int, _about("How long what a bot reports of its shards is taken for true.", ge=1)
    ] = 120
    stock_templates: Annotated[bool, _about("Offer guilds the settings `$builtins` and `$essentials`.")] = True
    antiraid_origins: Annotated[str, _about("Web origins of dashboards, separated by commas; `*` for any.")] = "*"
    limit_oauth2_login: Annotated[str, _about("Logins of one address: how many in how many seconds; `off`.")] = "15/300"
    limit_settings_execute: Annotated[str, _about("Looks at and changes of settings of one user.")] = "10/300"
    limit_get_user_guilds_refresh: Annotated[str, _about("Fresh guild lists of one user.")] = "3/300"
    limit_get_user_guilds_norefresh: Annotated[str, _about("Stored guild lists of one user.")] = "5/300"
    limit_get_user_guild_base_info: Annotated[str, _about("Looks at a guild of one user.")] = "5/300"
    limit_anonymous: Annotated[str, _about("Requests of one address without a session.")] = "60/60"
    limit_user: Annotated[str, _about("Requests of one user.")] = "300/60"
    limit_bot: Annotated[str, _about("Requests of one bot to the Xenon surface, or of one address.")] = "30/10"
    limit_own_data: Annotated[str, _about("Copies of their data that one user gets over HTTP.")] = "5/3600"
    event_source: Annotated[str, _about("What CloudEvents name as their source: a URI, or a path of one.")] = (
        "/guildbook"
    )
    kafka: Annotated[str, _about("Kafka's bootstrap servers, separated by commas; without any, there is no Kafka.")] = (
        ""
    )
    kafka_prefix: Annotated[str, _about("How the names of topics begin.")] = "guildbook"
    kafka_partitions: Annotated[int, _about("Partitions of a topic that is made.", ge=1, le=1000)] = 6
    kafka_replication: Annotated[int, _about("Replicas of a topic that is made.", ge=1, le=100)] = 1
    kafka_retention_hours: Annotated[int, _about("How long a topic that is made keeps events; -1 for ever.", ge=-1)] = (
        168
    )
    kafka_mode: Annotated[Literal["structured", "binary"], _about("How CloudEvents are written to Kafka.")] = (
        "structured"
    )
    kafka_security: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], _about("How Kafka is spoken to.")
    ] = "PLAINTEXT"
    kafka_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], _about("How Kafka is told the password.")
    ] = "PLAIN"
    kafka_username: Annotated[str, _about("Name at Kafka, where the security is one with SASL.")] = ""
    kafka_password: Annotated[str, _about("Password at Kafka.")] = ""
    kafka_ca_file: Annotated[str, _about("Certificates that Kafka's is checked against; without it, the system's.")] = (
        ""
    )
    kafka_api_version: Annotated[str, _about("Kafka's version, as `2.0`, for brokers that cannot say.")] = ""
    feed: Annotated[Literal["log", "kafka"], _about("What projectors and the fan-out of callbacks read.")] = "log"
    inbox_api_url: Annotated[str, _about("API that the inbox hands commands to, without a path.")] = (
        "http://127.0.0.1:8080"
    )

    def max_session(self) -> timedelta:
        """Return how long a session lasts. Errors: SettingError."""
        return duration(self.max_session_age)

    def login_session(self) -> timedelta:
        """Return how long a login of a dashboard lasts. Errors: SettingError."""
        return duration(self.login_age)

    def redirect_uris(self) -> frozenset[str]:
        """Return where a login may come back to."""
        return frozenset(_listed(self.oauth_redirect_uris))

    def operator_accounts(self) -> frozenset[int]:
        """Return the accounts of those who look after the book. Errors: SettingError."""
        return _accounts("OPERATORS", self.operators)

    def auditor_accounts(self) -> frozenset[int]:
        """Return the accounts of those who may read everything. Errors: SettingError."""
        return _accounts("AUDITORS", self.auditors)

    def origins(self) -> frozenset[str]:
        """Return the web origins that may call the API."""
        return frozenset(_listed(self.allowed_origins))

    def dashboards(self) -> frozenset[str]:
        """Return the web origins that may call the AntiRaid surface; `*` among them for any."""
        return frozenset(_listed(self.antiraid_origins))

    def proxies(self) -> tuple[Network, ...]:
        """Return the networks that are believed when they say for whom they ask. Errors: SettingError."""
        try:
            return tuple(map(ip_network, _listed(self.trusted_proxies)))
        except ValueError as error:
            message = f"{PREFIX}TRUSTED_PROXIES: {error}; write networks as 10.0.0.0/8, fd00::/8."
            raise SettingError(message) from error

    def is_fed_by_kafka(self) -> bool:
        """Tell whether readers of the log read Kafka instead. Errors: SettingError."""
        if self.feed == "kafka" and not self.kafka:
            message = f"{PREFIX}FEED: kafka needs {PREFIX}KAFKA."
            raise SettingError(message)
        return self.feed == "kafka"

    def kafka_version(self) -> tuple[int, ...] | None:
        """Return what Kafka's version is said to be. Errors: SettingError."""
        if not self.kafka_api_version:
            return None
        if not re.fullmatch(r"\d+(\.\d+){1,2}", self.kafka_api_version):
            message = f"{PREFIX}KAFKA_API_VERSION: {self.kafka_api_version!r} is no version: write it as 2.0."
            raise SettingError(message)
        return tuple(map(int, self.kafka_api_version.split(".")))

    def checkpoint_name(self) -> str:
        """Return what signed checkpoints call this book. Errors: SettingError."""
        if re.search(r"[\s+]", self.checkpoint_origin) or not self.checkpoint_origin.isprintable():
            message = f"{PREFIX}CHECKPOINT_ORIGIN: write it as example.org/book, without spaces and +."
            raise SettingError(message)
        return self.checkpoint_origin

    def witnesses(self) -> tuple[tuple[str, str], ...]:
        """Return the URL and the public key of each witness. Errors: SettingError."""
        found = [tuple(each.split()) for each in _listed(self.checkpoint_witnesses)]
        if not all(len(each) == 2 and re.match(r"https?://\S+$", each[0]) for each in found):  # noqa: PLR2004 - URL, key
            message = f"{PREFIX}CHECKPOINT_WITNESSES: write each witness as its URL, a space, and its key."
            raise SettingError(message)
        return tuple((url.rstrip("/"), key) for url, key in found)

    def limits(self) -> dict[str, Limit]:
        """Return the limits that are on, by the name of the bucket. Errors: SettingError."""
        names = [field.name for field in msgspec.structs.fields(Settings) if field.name.startswith(LIMIT)]
        return {name.removeprefix(LIMIT): limit(text) for name in names if (text := getattr(self, name)) not in OFF}


def _listed(text: str) -> list[str]:
    return [word for word in map(str.strip, text.split(",")) if word]


def _accounts(name: str, text: str) -> frozenset[int]:
    try:
        return frozenset(map(int, _listed(text)))
    except ValueError as error:
        message = f"{PREFIX}{name}: {error}; write ids of accounts as 310000000000000007, 310000000000000008."
        raise SettingError(message) from error


def limit(text: str) -> Limit:
    """Read a limit such as `10/300`, ten in five minutes. Errors: SettingError."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if not found:
        message = f"{text!r} is not a limit: write it as 10/300 (ten requests in 300 seconds), or off."
        raise SettingError(message)
    return Limit(int(found[1]), int(found[2]))


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
    for read in (
        settings.max_session,
        settings.login_session,
        settings.proxies,
        settings.limits,
        settings.checkpoint_name,
        settings.witnesses,
        settings.operator_accounts,
        settings.auditor_accounts,
        settings.is_fed_by_kafka,
        settings.kafka_version,
    ):
        read()
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

"""The wire shapes of the AntiRaid surface; keys are in the order in which they are sent."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

EXPIRY_SECONDS_MAX = 9_223_372_036_854_775

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Expiry = Annotated[
    int | float,  # what has more than 64 bits comes as the latter
    msgspec.Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": EXPIRY_SECONDS_MAX}),
]
Scope = Literal["sessions:read", "sessions:write", "guilds:read", "guilds:list", "settings:read", "settings:write"]
Code = Literal[
    "InternalAuthError",
    "NoAuthToken",
    "ApiBanned",
    "InvalidToken",
    "InternalError",
    "Restricted",
    "NotFound",
    "BadRequest",
    "RateLimited",
    "PreconditionFailed",
]


class ApiError(msgspec.Struct, frozen=True):
    """Why a request was refused: a sentence for people, and a code."""

    message: str
    code: Code


class ApiConfig(msgspec.Struct, frozen=True):
    """What a dashboard needs to know before anybody has logged in. `client_id` names the primary bot."""

    main_server: str
    support_server_invite: str
    client_id: str


class AuthorizeRequest(msgspec.Struct, frozen=True):
    """What the identity provider sent somebody back with, and for PKCE the secret behind its challenge."""

    code: Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 3, "maxLength": 512})]
    redirect_uri: str
    code_verifier: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9._~-]{43,128}$"})] | None = (
        None
    )


class PlatformUser(msgspec.Struct, frozen=True):
    """A user as the identity provider says; `avatar` is a hash."""

    id: str
    username: str
    global_name: str | None
    avatar: str | None


class CreateUserSession(msgspec.Struct, frozen=True):
    """An API token that is wanted: for how many seconds (null: for ever), and for what (null: the usual)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    type: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["api"]})]
    expiry: Expiry | None = None
    scopes: tuple[Scope, ...] | None = None


class CreateUserSessionResponse(msgspec.Struct, frozen=True):
    """A session that was opened. Its token is shown this once."""

    user_id: str
    token: str
    session_id: str
    expiry: Moment
    user: PlatformUser | None
    never_expires: bool
    scopes: Sequence[str] | None


class UserSession(msgspec.Struct, frozen=True):
    """A session of the user's that has not ended."""

    id: str
    name: str | None
    user_id: str
    created_at: Moment
    type: Literal["login", "api"]
    expiry: Moment
    never_expires: bool
    scopes: Sequence[str] | None


class UserSessionList(msgspec.Struct, frozen=True):
    """The sessions of a user, the newest first."""

    sessions: tuple[UserSession, ...]


class AuthorizedSession(msgspec.Struct, frozen=True):
    """Who asks. `state` is what the operator says of the user."""

    user_id: str
    id: str
    state: str
    type: Literal["login", "api"]


class UserGuild(msgspec.Struct, frozen=True):
    """A guild of the user's, as the identity provider lists it; `icon` is a hash."""

    id: str
    name: str
    icon: str | None
    permissions: str


class UserGuildList(msgspec.Struct, frozen=True):
    """The guilds of the user, and in which of them the primary bot is."""

    guilds: tuple[UserGuild, ...]
    bot_in_guilds: tuple[str, ...]


class GuildRole(msgspec.Struct, frozen=True):
    """A role of a guild."""

    id: str
    name: str
    position: int
    permissions: str


class GuildChannel(msgspec.Struct, frozen=True):
    """A channel of a guild."""

    id: str
    name: str
    position: int
    parent_id: str | None
    type: int


class ChannelPermissions(msgspec.Struct, frozen=True):
    """What the user and the primary bot may do in a channel."""

    user: str
    bot: str
    channel: GuildChannel


class BaseGuildUserInfo(msgspec.Struct, frozen=True):
    """A guild as one of its members sees it, beside the primary bot. `icon` is a URL."""

    owner_id: str
    name: str
    icon: str | None
    roles: tuple[GuildRole, ...]
    user_roles: tuple[str, ...]
    bot_roles: tuple[str, ...]
    channels: tuple[ChannelPermissions, ...]


class SettingsOperationRequest(msgspec.Struct, frozen=True):
    """An operation on a setting: on one row (an object), or on all of them (an array)."""

    setting: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    operation: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    fields: dict[str, Any] | list[Any]


class SettingOk(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="Ok"):
    """What a template answers; `warnings` are about what was ignored."""

    data: Any
    warnings: tuple[str, ...] = ()


class SettingErr(msgspec.Struct, frozen=True, tag_field="type", tag="Err"):
    """Why a template does not do it: a sentence for people, and the same for programs."""

    data: str
    error: dict[str, Any]


SettingResults = dict[str, SettingOk | SettingErr]
"""By template."""

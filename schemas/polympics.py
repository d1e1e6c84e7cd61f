"""The wire shapes of the Polympics surface; keys are in the order in which they are sent."""

from typing import Annotated, Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Award(msgspec.Struct, frozen=True):
    """An award. `title` has at most 32 characters, `image_url` 512."""

    id: int
    title: str
    image_url: str


class Team(msgspec.Struct, frozen=True):
    """A team with the awards that are its own. `created_at` is in Unix seconds."""

    id: int
    name: str
    created_at: float
    member_count: int
    awards: tuple[Award, ...]


class Account(msgspec.Struct, frozen=True):
    """An account with its team and the awards that it holds. `id` is digits, `permissions` 0 to 127."""

    id: str
    name: str
    discriminator: str
    avatar_url: str | None
    team: Team | None
    permissions: int
    created_at: float
    awards: tuple[Award, ...]


class ExtendedAward(msgspec.Struct, frozen=True):
    """An award, all who hold it, and whose it is."""

    award: Award
    awardees: tuple[Account, ...]
    team: Team | None


class App(msgspec.Struct, frozen=True):
    """An app. `username` is `A` and its id."""

    name: str
    permissions: int
    username: str


class AppCredentials(msgspec.Struct, frozen=True):
    """An app with its new password, shown this once."""

    name: str
    permissions: int
    username: str
    password: str


class Session(msgspec.Struct, frozen=True):
    """A session with its password, shown this once. `username` is `S` and its id; `expires_at` is in Unix seconds."""

    username: str
    password: str
    expires_at: float


class Callback(msgspec.Struct, frozen=True):
    """A callback; its secret is never shown."""

    id: int
    event: str
    url: str


class Callbacks(msgspec.Struct, frozen=True):
    """The URLs of an app's callbacks, by event."""

    callbacks: dict[str, str]


class Signups(msgspec.Struct, frozen=True):
    """Whether new accounts are welcome."""

    signups_open: bool


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a search, from page 0; `pages` and `results` count them all."""

    page: int
    per_page: int
    pages: int
    results: int
    data: tuple[T, ...]


class Problem(msgspec.Struct, frozen=True):
    """What went wrong."""

    detail: str


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault of what was sent: where it is, what is wrong with it, and what kind of fault that is."""

    loc: tuple[str, ...]
    msg: str
    type: str
    ctx: dict[str, Any] | None = None


class Faults(msgspec.Struct, frozen=True):
    """Everything that is wrong with what was sent."""

    detail: tuple[Fault, ...]


# What is sent to the surface, as it should be. The surface reads it more leniently, as its clients are used to:
# a number or a boolean is as good as its text, digits in a text are as good as the number, unknown keys are ignored.

BIGINT_MAX = 2**63 - 1
NAME_MAX = 255
TITLE_MAX = 32
URL_MAX = 512
CALLBACK_TEXT_MAX = 2047
TOKEN_MAX = 4096
SEARCH_MAX = 1000
ITEMS_MAX = 50_000  # about as many account ids as the largest body holds
PERMISSIONS_MAX = 127

Id = Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)] | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]
IdOrNone = Annotated[int, msgspec.Meta(ge=0, le=BIGINT_MAX)] | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]
Permissions = Annotated[int, msgspec.Meta(ge=0, le=PERMISSIONS_MAX)]
Name = Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
Title = Annotated[str, msgspec.Meta(max_length=TITLE_MAX)]
ImageUrl = Annotated[str, msgspec.Meta(max_length=URL_MAX)]
CallbackText = Annotated[str, msgspec.Meta(max_length=CALLBACK_TEXT_MAX)]
Token = Annotated[str, msgspec.Meta(max_length=TOKEN_MAX)]


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to register; `id` is a Discord snowflake."""

    id: Id
    name: Name
    discriminator: Name
    avatar_url: ImageUrl | None = None
    team: Id | None = None
    permissions: Permissions | None = 0


class AccountEdit(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of an account; null, "" and 0 leave things as they are, `team` 0 leaves the team."""

    name: Name | None = None
    discriminator: Name | None = None
    avatar_url: ImageUrl | None = None
    team: IdOrNone | None = None
    grant_permissions: Permissions | None = None
    revoke_permissions: Permissions | None = None
    discord_token: Token | None = None


class TeamName(msgspec.Struct, frozen=True):
    """The name of a team."""

    name: Name


class NewAward(msgspec.Struct, frozen=True):
    """An award to create, and who holds it from the start."""

    title: Title
    image_url: ImageUrl
    team: Id
    accounts: Annotated[list[Id], msgspec.Meta(max_length=ITEMS_MAX)]


class AwardEdit(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of an award; null and "" leave things as they are, `team` 0 makes it one of no team."""

    title: Title | None = None
    image_url: ImageUrl | None = None
    team: IdOrNone | None = None


class NewCallback(msgspec.Struct, frozen=True):
    """Where to send events, and the secret to show and sign with."""

    url: Annotated[CallbackText, msgspec.Meta(extra_json_schema={"format": "uri"})]
    secret: CallbackText


class DiscordToken(msgspec.Struct, frozen=True):
    """A Discord user token with the scope `identify`."""

    token: Token


class SessionAccount(msgspec.Struct, frozen=True):
    """Whose session to open."""

    account: Id


# What callbacks are sent.

CALLBACK_EVENTS = (
    "account_team_update",
    "award_granted",
    "award_revoked",
    "account_created",
    "account_deleted",
    "team_deleted",
)


class AccountTeamUpdate(msgspec.Struct, frozen=True):
    """`account_team_update`: an account is in another team now."""

    account: Account
    team: Team | None


class AwardUpdate(msgspec.Struct, frozen=True):
    """`award_granted` and `award_revoked`; `team` is the award's."""

    award: Award
    account: Account
    team: Team | None


class AccountUpdate(msgspec.Struct, frozen=True):
    """`account_created` and `account_deleted`."""

    account: Account


class TeamUpdate(msgspec.Struct, frozen=True):
    """`team_deleted`: the team as it was just before."""

    team: Team

"""Keeps the tables `accounts`, `signups` and `guild_lists`."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.accounts import events
from domain.accounts.events import AccountEvent
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class AccountRow(msgspec.Struct, frozen=True):
    """A row of `accounts`, in the order of its columns."""

    id: int
    name: str
    discriminator: str
    avatar_url: str | None
    team: int | None
    permissions: int
    created_at: datetime
    state: str = "normal"


class SignupsRow(msgspec.Struct, frozen=True):
    """The row of `signups`."""

    only_row: bool
    is_open: bool


class GuildListRow(msgspec.Struct, frozen=True):
    """A row of `guild_lists`."""

    account: int
    guilds: tuple[events.ListedGuild, ...]


def evolve(row: AccountRow | None, recorded: Recorded) -> AccountRow | None:
    """Apply one event of an account."""
    event = recorded.event
    if isinstance(event, events.AccountCreated):
        return _created(event, recorded.recorded_at)
    return None if row is None else _changed(row, event)


def _created(event: events.AccountCreated, at: datetime) -> AccountRow:
    return AccountRow(
        event.account, event.name, event.discriminator, event.avatar_url, event.team, event.permissions, at
    )


def _changed(row: AccountRow, event: object) -> AccountRow | None:
    match event:
        case events.DetailsChanged(name=name, discriminator=discriminator, avatar_url=avatar_url):
            wanted = {"name": name, "discriminator": discriminator, "avatar_url": avatar_url}
            return _replace(row, **{key: value for key, value in wanted.items() if value is not None})
        case events.ProfileSynced(name=name, discriminator=discriminator, avatar_url=avatar_url):
            return _replace(row, name=name, discriminator=discriminator, avatar_url=avatar_url)
        case events.TeamChanged(joined=team):
            return _replace(row, team=team)
        case events.PermissionsGranted(permissions=bits):
            return _replace(row, permissions=row.permissions | bits)
        case events.PermissionsRevoked(permissions=bits):
            return _replace(row, permissions=row.permissions & ~bits)
        case events.SuperuserMade(permissions=bits):
            return _replace(row, permissions=bits)
        case events.AccountBanned():
            return _replace(row, state="banned")
        case events.AccountUnbanned():
            return _replace(row, state="normal")
        case events.AccountDeleted():
            return None
        case _:
            return row


def _replace(row: AccountRow, **changes: object) -> AccountRow:
    return msgspec.structs.replace(row, **changes)


def evolve_signups(_row: SignupsRow | None, recorded: Recorded) -> SignupsRow:
    """Apply one event of the sign-ups."""
    return SignupsRow(only_row=True, is_open=isinstance(recorded.event, events.SignupsOpened))


def evolve_guild_list(_row: GuildListRow | None, recorded: Recorded) -> GuildListRow | None:
    """Apply one event that says all about a guild list."""
    match recorded.event:
        case events.GuildListRefreshed(account=account, guilds=guilds) if guilds is not None:
            return GuildListRow(account, guilds)
        case _:
            return None


def _account(event: AccountEvent) -> Key:
    return (event.account,)


def _only(_event: object) -> Key:
    return (True,)


ACCOUNTS = RowSet[AccountRow](
    row=AccountRow,
    keys={event: _account for event in events.EVENTS if issubclass(event, AccountEvent)},
    evolve=evolve,
    load="""
        SELECT id, name, discriminator, avatar_url, team, permissions, created_at, state
        FROM accounts
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO accounts (id, name, discriminator, avatar_url, team, permissions, created_at, state)
        SELECT id, name, discriminator, avatar_url, team, permissions, created_at, state
        FROM json_populate_recordset(NULL::accounts, %s)
        ON CONFLICT (id) DO UPDATE SET
            (name, discriminator, avatar_url, team, permissions, created_at, state)
            = (EXCLUDED.name, EXCLUDED.discriminator, EXCLUDED.avatar_url, EXCLUDED.team, EXCLUDED.permissions,
               EXCLUDED.created_at, EXCLUDED.state)
    """,
    delete="DELETE FROM accounts WHERE id = ANY(%b)",
)

SIGNUPS = RowSet[SignupsRow](
    row=SignupsRow,
    keys={events.SignupsOpened: _only, events.SignupsClosed: _only},
    evolve=evolve_signups,
    save="""
        INSERT INTO signups (only_row, is_open)
        SELECT only_row, is_open
        FROM json_populate_recordset(NULL::signups, %s)
        ON CONFLICT (only_row) DO UPDATE SET is_open = EXCLUDED.is_open
    """,
    delete="DELETE FROM signups WHERE only_row = ANY(%b)",
)

GUILD_LISTS = RowSet[GuildListRow](
    row=GuildListRow,
    keys={events.GuildListRefreshed: _account, events.AccountDeleted: _account},
    evolve=evolve_guild_list,
    save="""
        INSERT INTO guild_lists (account, guilds)
        SELECT account, guilds
        FROM json_populate_recordset(NULL::guild_lists, %s)
        ON CONFLICT (account) DO UPDATE SET guilds = EXCLUDED.guilds
    """,
    delete="DELETE FROM guild_lists WHERE account = ANY(%b)",
)

PROJECTOR = Projector(
    name="accounts",
    tables=(resources.files("projections.accounts") / "tables.sql").read_text(),
    rows=(ACCOUNTS, SIGNUPS, GUILD_LISTS),
)

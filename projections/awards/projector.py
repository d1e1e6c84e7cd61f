"""Keeps the tables `awards` and `holdings`."""

from importlib import resources

import msgspec

from domain.awards.events import (
    AwardCreated,
    AwardDeleted,
    AwardDetachedFromTeam,
    AwardEdited,
    AwardGranted,
    AwardMovedToTeam,
    AwardRevoked,
)
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class AwardRow(msgspec.Struct, frozen=True):
    """A row of `awards`, in the order of its columns."""

    id: int
    title: str
    image_url: str
    team: int | None


class HoldingRow(msgspec.Struct, frozen=True):
    """A row of `holdings`, in the order of its columns."""

    account: int
    award: int


def evolve(row: AwardRow | None, recorded: Recorded) -> AwardRow | None:
    """Apply one event of an award."""
    match recorded.event:
        case AwardCreated(award=award, title=title, image_url=image_url, team=team):
            return AwardRow(award, title, image_url, team)
        case AwardEdited(title=title, image_url=image_url) if row:
            title, image_url = title or row.title, image_url or row.image_url
            return AwardRow(row.id, title, image_url, row.team)
        case AwardMovedToTeam(team=team) if row:
            return msgspec.structs.replace(row, team=team)
        case AwardDetachedFromTeam() if row:
            return msgspec.structs.replace(row, team=None)
        case AwardDeleted():
            return None
        case _:
            return row


def evolve_holding(row: HoldingRow | None, recorded: Recorded) -> HoldingRow | None:
    """Apply one event of a holding."""
    match recorded.event:
        case AwardGranted(award=award, account=account):
            return HoldingRow(account, award)
        case AwardRevoked():
            return None
        case _:
            return row


AwardEvent = AwardCreated | AwardEdited | AwardMovedToTeam | AwardDetachedFromTeam | AwardDeleted


def _award(event: AwardEvent) -> Key:
    return (event.award,)


def _holding(event: AwardGranted | AwardRevoked) -> Key:
    return (event.account, event.award)


AWARDS = RowSet[AwardRow](
    row=AwardRow,
    keys=dict.fromkeys((AwardCreated, AwardEdited, AwardMovedToTeam, AwardDetachedFromTeam, AwardDeleted), _award),
    evolve=evolve,
    load="SELECT id, title, image_url, team FROM awards WHERE id = ANY(%b)",
    save="""
        INSERT INTO awards (id, title, image_url, team)
        SELECT id, title, image_url, team
        FROM json_populate_recordset(NULL::awards, %s)
        ON CONFLICT (id) DO UPDATE SET
            (title, image_url, team) = (EXCLUDED.title, EXCLUDED.image_url, EXCLUDED.team)
    """,
    delete="DELETE FROM awards WHERE id = ANY(%b)",
)

HOLDINGS = RowSet[HoldingRow](
    row=HoldingRow,
    keys={AwardGranted: _holding, AwardRevoked: _holding},
    evolve=evolve_holding,
    save="""
        INSERT INTO holdings (account, award)
        SELECT account, award
        FROM json_populate_recordset(NULL::holdings, %s)
        ON CONFLICT (account, award) DO NOTHING
    """,
    delete="""
        DELETE FROM holdings
        WHERE (account, award) IN (SELECT gone.account, gone.award FROM unnest(%b, %b) AS gone (account, award))
    """,
)

PROJECTOR = Projector(
    name="awards", tables=(resources.files("projections.awards") / "tables.sql").read_text(), rows=(AWARDS, HOLDINGS)
)

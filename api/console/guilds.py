"""The guilds of a visitor, and all that can be set in one of them."""

import msgspec
from litestar import Response, get

from api.console.pages import page
from api.console.visitors import HOME, Visitor, visitor_of
from api.console.visits import visit_of
from api.parts import Asked, parts_of
from api.roles import is_auditor, is_operator
from domain.guilds.aggregate import Guild
from projections.guilds.searches import guilds_of_user, members_named

GUILDS_MAX = 200
PROPOSALS_MAX = 20
OPT = {"surface": "console"}


class Tile(msgspec.Struct, frozen=True):
    """A guild as the list shows it."""

    id: int
    name: str
    role: str


@get(HOME, include_in_schema=False, opt=OPT)
async def mine(request: Asked) -> Response[bytes]:
    """Show the guilds that somebody is a member of."""
    visitor = await visitor_of(request)
    async with parts_of(request).pool.connection() as connection:
        guilds = await guilds_of_user(connection, visitor.account, GUILDS_MAX)
    tiles = [_tile(guild, visitor) for guild in sorted(guilds, key=lambda guild: (guild.name.casefold(), guild.id))]
    roles = {"is_operator": is_operator(request, visitor), "is_auditor": is_auditor(request, visitor)}
    return page("guilds.html", visitor=visitor, guilds=tiles, **roles)


def _tile(guild: Guild, visitor: Visitor) -> Tile:
    return Tile(guild.id, guild.name, "Owner" if guild.owner == visitor.account else "Member")


@get(f"{HOME}/guilds/{{guild:str}}/settings", include_in_schema=False, opt=OPT)
async def settings(request: Asked) -> Response[bytes]:
    """Show all that can be set in a guild."""
    visit = await visit_of(request, await visitor_of(request))
    return page("settings.html", here=request.scope["path"], **visit.values())


@get(f"{HOME}/guilds/{{guild:str}}/members", include_in_schema=False, opt=OPT)
async def proposals(request: Asked) -> Response[bytes]:
    """Propose members whose names contain what was typed, for a list beside a field."""
    visit = await visit_of(request, await visitor_of(request))
    typed = next(iter(request.query_params.values()), "").strip()
    async with parts_of(request).pool.connection() as connection:
        found = await members_named(connection, visit.guild.id, typed, PROPOSALS_MAX) if typed else []
    return page("members.html", members=found)


ROUTES = (mine, settings, proposals)

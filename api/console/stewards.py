"""Who may back a guild up, load into it and restore its settings: its owner, and who is ADMINISTRATOR there."""

from api.console.directory import Directory
from api.console.visitors import ShutOutError, Visitor, visitor_of, writer_of
from api.console.visits import Visit, visit_of
from api.parts import Asked, parts_of
from domain.processes.require_administrator import NotAdministratorError
from projections.guilds.queries import members_of
from projections.guilds.searches import guilds_of_user

GUILDS_MAX = 200


async def steward_of(request: Asked) -> Visit:
    """Return the visit of somebody who may see this. Errors: LoginNeededError, ShutOutError, NotFoundException."""
    return await _administrating(request, await visitor_of(request))


async def acting_steward_of(request: Asked) -> Visit:
    """Return the visit of somebody who sends a form. Errors: as `steward_of`, and ForeignFormError."""
    return await _administrating(request, await writer_of(request))


async def _administrating(request: Asked, visitor: Visitor) -> Visit:
    visit = await visit_of(request, visitor)
    if not visit.is_administrator():
        raise ShutOutError(f"{NotAdministratorError.__doc__}")
    return visit


async def guild_names(request: Asked, visit: Visit) -> dict[str, str]:
    """Return the names of the guilds that the visitor is in, by id; a name is not for others."""
    async with parts_of(request).pool.connection() as connection:
        guilds = await guilds_of_user(connection, visit.visitor.account, GUILDS_MAX)
    return {str(guild.id): guild.name for guild in (visit.guild, *guilds)}


async def people_named(request: Asked, visit: Visit, users: set[int]) -> Directory:
    """Return the names of those of these users who are members."""
    async with parts_of(request).pool.connection() as connection:
        members = await members_of(connection, visit.guild.id, sorted(users))
    return Directory(members={str(user): member for user, member in members.items()})

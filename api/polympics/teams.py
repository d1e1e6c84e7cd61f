"""Teams: creating, finding, renaming and deleting them."""

from litestar import Response

from api.parts import Asked, Parts, parts_of
from api.polympics.accounts import PAGING, offset, paged, paging, team_by_id
from api.polympics.auth import caller_of
from api.polympics.errors import InvalidError, answer, unknown
from api.polympics.forms import Form
from api.polympics.routes import delete, get, patch, post
from api.writing import write
from domain.processes.delete_team import delete_team
from domain.teams.aggregate import TEAM
from domain.teams.commands import create_team, rename_team
from projections.teams.queries import teams_found
from schemas.polympics import NAME_MAX, SEARCH_MAX, Page, Team, TeamName


@post("/teams/new", summary="Create a team", body=TeamName, answers={201: Team}, refusals=(403,))
async def create(request: Asked) -> Response[bytes]:
    """Create an empty team."""
    caller = await caller_of(request)
    form = Form(request)
    await form.read_body()
    name = form.text("name", NAME_MAX, required=True)
    form.check()
    written = await write(request, caller.actor, create_team, caller.actor, name=name)
    at = written.recorded_at.timestamp() if written.recorded_at else 0.0
    team = await team_by_id(parts_of(request), written.value) or Team(written.value, name, at, 0, ())
    return answer(201, team, written.headers())


@get("/teams/search", summary="Find teams", query=PAGING, answers={200: Page[Team]}, credentials=())
async def search(request: Asked) -> Response[bytes]:
    """Return one page of the teams with this text in their names."""
    form = Form(request)
    name = form.text_in_query("q", SEARCH_MAX)
    page, per_page = paging(form)
    form.check()
    async with parts_of(request).pool.connection() as connection:
        results, data = await teams_found(connection, name=name, offset=offset(page, per_page), limit=per_page)
    return answer(200, paged(page, per_page, results, data))


@get("/team/{team:str}", summary="Get a team", answers={200: Team}, credentials=())
async def show(request: Asked) -> Response[bytes]:
    """Return the team with its awards."""
    form = Form(request)
    team = form.identity_in_path("team", TEAM.context)
    form.check()
    return answer(200, await _team(parts_of(request), team))


async def _team(parts: Parts, team: int) -> Team:
    found = await team_by_id(parts, team)
    if found is None:
        raise InvalidError([unknown(TEAM.context, "path", "team")])
    return found


@patch("/team/{team:str}", summary="Rename a team", body=TeamName, answers={200: Team}, refusals=(403,))
async def edit(request: Asked) -> Response[bytes]:
    """Rename the team."""
    caller = await caller_of(request)
    form = Form(request)
    team = await form.known_in_path("team", TEAM)
    await form.read_body()
    name = form.text("name", NAME_MAX, required=True)
    form.check()
    written = await write(request, caller.actor, rename_team, caller.actor, team=team, name=name)
    return answer(200, await _team(parts_of(request), team), written.headers())


@delete("/team/{team:str}", summary="Delete a team", answers={204: None}, refusals=(403,))
async def remove(request: Asked) -> Response[bytes]:
    """Delete the team; its members and awards stay, without a team."""
    caller = await caller_of(request)
    form = Form(request)
    team = await form.known_in_path("team", TEAM)
    form.check()
    written = await write(request, caller.actor, delete_team, caller.actor, team=team)
    return answer(204, headers=written.headers())


ROUTES = (create, search, show, edit, remove)

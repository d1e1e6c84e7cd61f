"""Awards: creating, showing, editing and deleting them, giving and taking them."""

import msgspec
from litestar import Response

from api.parts import Asked, parts_of
from api.polympics.auth import caller_of
from api.polympics.errors import InvalidError, answer, unknown
from api.polympics.forms import ABSENT, Form
from api.polympics.routes import delete, get, patch, post, put
from api.writing import write
from domain.accounts.aggregate import ACCOUNT
from domain.awards.aggregate import AWARD
from domain.awards.commands import delete_award
from domain.processes.create_award import create_award
from domain.processes.edit_award import edit_award
from domain.processes.grant_award import grant_award, revoke_award
from domain.teams.aggregate import TEAM
from projections.awards.queries import award_by_id, extended_award_by_id
from schemas.polympics import BIGINT_MAX, TITLE_MAX, URL_MAX, Award, AwardEdit, ExtendedAward, NewAward


@post("/awards/new", summary="Create an award", body=NewAward, answers={201: Award}, refusals=(403,))
async def create(request: Asked) -> Response[bytes]:
    """Create an award of a team, and give it to accounts."""
    caller = await caller_of(request)
    form = Form(request)
    await form.read_body()
    texts = {
        "title": form.text("title", TITLE_MAX, required=True),
        "image_url": form.text("image_url", URL_MAX, required=True),
    }
    team = await form.known("team", TEAM)
    accounts = await form.known_list("accounts", ACCOUNT)
    form.check()
    written = await write(request, caller.actor, create_award, caller.actor, **texts, team=team, accounts=accounts)
    return answer(201, Award(written.value, **texts), written.headers())


@get("/award/{award:str}", summary="Get an award", answers={200: ExtendedAward}, credentials=())
async def show(request: Asked) -> Response[bytes]:
    """Return the award with all who hold it."""
    form = Form(request)
    number = form.identity_in_path("award", AWARD.context)
    form.check()
    async with parts_of(request).pool.connection() as connection:
        found = await extended_award_by_id(connection, number) if 0 < number <= BIGINT_MAX else None
    if found is None:
        raise InvalidError([unknown(AWARD.context, "path", "award")])
    return answer(200, found)


@patch("/award/{award:str}", summary="Edit an award", body=AwardEdit, answers={200: Award}, refusals=(403,))
async def edit(request: Asked) -> Response[bytes]:
    """Change title, image and team."""
    caller = await caller_of(request)
    form = Form(request)
    award = await form.known_in_path("award", AWARD)
    await form.read_body()
    texts = {"title": form.text("title", TITLE_MAX), "image_url": form.text("image_url", URL_MAX)}
    team = await _team(form)
    form.check()
    written = await write(request, caller.actor, edit_award, caller.actor, award=award, **texts, team=team)
    async with parts_of(request).pool.connection() as connection:
        found = await award_by_id(connection, award)
    if found is None:
        raise InvalidError([unknown(AWARD.context, "path", "award")])
    return answer(200, found, written.headers())


async def _team(form: Form) -> int | msgspec.UnsetType | None:
    """Return the wished team: unset for none wished, None for none at all."""
    if form.given("team") is ABSENT:
        return msgspec.UNSET
    return None if form.is_zero("team") else await form.known("team", TEAM)


@delete("/award/{award:str}", summary="Delete an award", answers={204: None}, refusals=(403,))
async def remove(request: Asked) -> Response[bytes]:
    """Delete the award and take it from all who hold it."""
    caller = await caller_of(request)
    form = Form(request)
    award = await form.known_in_path("award", AWARD)
    form.check()
    written = await write(request, caller.actor, delete_award, caller.actor, award=award)
    return answer(204, headers=written.headers())


@put(
    "/account/{account:str}/award/{award:str}",
    summary="Give an award",
    answers={201: None, 208: None},
    refusals=(403,),
)
async def give(request: Asked) -> Response[bytes]:
    """Give the award to the account; 208 when it is held already."""
    caller = await caller_of(request)
    form = Form(request)
    account = await form.known_in_path("account", ACCOUNT)
    award = await form.known_in_path("award", AWARD)
    form.check()
    written = await write(request, caller.actor, grant_award, caller.actor, award=award, account=account)
    return answer(201 if written.recorded_at else 208, headers=written.headers())


@delete("/account/{account:str}/award/{award:str}", summary="Take an award", answers={204: None}, refusals=(403, 404))
async def take(request: Asked) -> Response[bytes]:
    """Take the award from the account."""
    caller = await caller_of(request)
    form = Form(request)
    account = await form.known_in_path("account", ACCOUNT)
    award = await form.known_in_path("award", AWARD)
    form.check()
    written = await write(request, caller.actor, revoke_award, caller.actor, award=award, account=account)
    return answer(204, headers=written.headers())


ROUTES = (create, show, edit, remove, give, take)

"""The page of one setting: its rows, a form for one of them, what was changed, and all that can be done there."""

from typing import Any

import msgspec
from litestar import Response, get, post

from api.console import changes
from api.console.deeds import rows_of
from api.console.forms import read_form
from api.console.pasts import past_of
from api.console.scenes import Done, Scene
from api.console.visitors import HOME, ShutOutError, visitor_of, writer_of
from api.console.visits import Visit, visit_of, with_people
from api.parts import Asked
from domain.settings.definitions import REORDER
from domain.settings.refusals import SettingRefusedError

PATH = f"{HOME}/guilds/{{guild:str}}/settings/{{template:str}}/{{setting:path}}"
OPT = {"surface": "console"}
WORDS = {"Create": "Created.", "Update": "Saved.", "Delete": "Deleted.", "Reorder": "Moved.", "Undo": "Undone."}
ALL = "all"


@get(PATH, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show the rows of a setting, and what of them is asked for."""
    visit = await visit_of(request, await visitor_of(request))
    scene = await scene_of(request, visit)
    asked = request.query_params
    told = asked.get("history")
    if told is None:
        return scene.answer()
    key = None if told == ALL else told
    try:
        past = await past_of(request, scene.page, key, asked.get("before"))
    except SettingRefusedError as refusal:
        raise ShutOutError(f"{refusal.text}.") from refusal
    return msgspec.structs.replace(scene, past=past, told=key).answer()


@post(PATH, include_in_schema=False, opt=OPT, status_code=200)
async def change(request: Asked) -> Response[bytes]:
    """Do what a form of the page asks for."""
    visit = await visit_of(request, await writer_of(request))
    form = read_form(await request.body())
    return await changes.change(request, await scene_of(request, visit), form)


async def scene_of(request: Asked, visit: Visit) -> Scene:
    """Return the page as its address asks for it. Errors: NotFoundException."""
    asked = request.query_params
    page = visit.page(request.path_params["template"], str(request.path_params["setting"]).removeprefix("/"))
    rows = await rows_of(request, page)
    page = await with_people(request, page, rows.seen)
    return Scene(
        visit=visit,
        page=page,
        rows=rows,
        opened=asked.get("row"),
        creating="new" in asked and page.can("Create"),
        done=_done(words_of(page.setting.operations), asked),
    )


def words_of(operations: tuple[str, ...]) -> dict[str, str]:
    """Return what is said after each operation; a setting's own are called by their names."""
    return {**{operation: f"{operation}: asked for." for operation in operations}, **WORDS}


def _done(words: dict[str, str], asked: Any) -> Done | None:  # noqa: ANN401 - a multi-dict of the framework
    operation = asked.get("done", "")
    text = words.get(operation)
    return Done(text, asked.get("key", ""), asked.get("undo", ""), operation == REORDER) if text else None


ROUTES = (show, change)

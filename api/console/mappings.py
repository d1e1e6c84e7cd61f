"""Looks up what the ids of other guilds have become in this one, by an id of either side or by a name."""

from collections.abc import Iterable, Iterator

import msgspec
from litestar import Response, get

from api.console.directory import Directory
from api.console.loads import PATH, values_of
from api.console.pages import page
from api.console.showing import Chip, named
from api.console.stewards import guild_names, steward_of
from api.console.visits import Visit
from api.parts import Asked, parts_of
from projections.mappers.queries import mappers_into
from schemas.loads import Mapper

OPT = {"surface": "console"}
PAIRS_MAX = 200


class Found(msgspec.Struct, frozen=True):
    """An id of a source, and what it is here."""

    old: str
    new: str
    chip: Chip


class Group(msgspec.Struct, frozen=True):
    """What was found of one source."""

    source: str
    mapper: Mapper
    found: list[Found]
    is_cut: bool


@get(f"{PATH}/ids", include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show the ids that fit what is asked for, or the first of all."""
    visit = await steward_of(request)
    typed = request.query_params.get("q", "").strip()
    async with parts_of(request).pool.connection() as connection:
        mappers = await mappers_into(connection, visit.guild.id)
    names, directory = await guild_names(request, visit), visit.directory()
    groups = [_group(each, names.get(each.source_id), _fitting(visit, each, typed, directory)) for each in mappers]
    return page("load_ids.html", **values_of(request, visit), typed=typed, sources=groups)


def _group(mapper: Mapper, name: str | None, fitting: Iterable[Found]) -> Group:
    found = list(fitting)
    source = name or f"guild {mapper.source_id}"
    return Group(source, mapper, found[:PAIRS_MAX], len(found) > PAIRS_MAX)


def _fitting(visit: Visit, mapper: Mapper, typed: str, directory: Directory) -> Iterator[Found]:
    wanted = typed.lstrip("#@").casefold()
    for old, new in mapper.ids.items():
        chip = _chip(visit, new, directory)
        if not wanted or wanted in (old, new) or wanted in chip.text.casefold():
            yield Found(old, new, chip)


def _chip(visit: Visit, new: str, directory: Directory) -> Chip:
    if new == str(visit.guild.id):
        return Chip(visit.guild.name)
    return named("role" if new in visit.roles else "channel", new, directory)


ROUTES = (show,)

"""The templates of settings that a guild is offered, read and parsed once for all requests."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from domain.settings.definitions import Defined, DefinitionError, parse_template
from projections.offers import Place, templates_offered
from projections.settings.queries import TemplateFound, templates_by_name
from store.connections import Pool
from store.gather import Gatherer

REMEMBERED_TEMPLATES_MAX = 1000


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A template. `fault` says why its definitions cannot be read any more; then `ids` are what it seems to define.

    `shown` are its settings as JSON, `position` is where it was registered or revised last.
    """

    name: str
    owner: int | None
    position: int
    settings: dict[str, Defined]
    shown: msgspec.Raw
    ids: frozenset[str]
    fault: str | None = None


class Templates:
    """Remembers templates by where in the log they are, as a template never changes there."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._places = Gatherer[int, list[Place] | None](self._find, flights_max=2)
        self._remembered: OrderedDict[Place, Offered] = OrderedDict()

    async def offered(self, guild: int) -> list[Offered] | None:
        """Return the templates that a guild is offered, by name; None when it has no bot."""
        places = await self._places.get(guild)
        if places is None:
            return None
        known = {place: self._remembered[place] for place in places if place in self._remembered}
        known |= await self._learn([place for place in places if place not in known])
        return [known[place] for place in places if place in known]

    async def _find(self, guilds: Sequence[int]) -> list[list[Place] | Exception | None]:
        async with self._pool.connection() as connection:
            found = await templates_offered(connection, list(dict.fromkeys(guilds)))
        return [found.get(guild) for guild in guilds]

    async def _learn(self, places: Sequence[Place]) -> dict[Place, Offered]:
        """Read these templates; one that was withdrawn meanwhile is absent."""
        if not places:
            return {}
        async with self._pool.connection() as connection:
            found = await templates_by_name(connection, [name for name, _ in places])
        learned = {place: parsed(found[place[0]]) for place in places if place[0] in found}
        self._remembered.update(learned)
        while len(self._remembered) > REMEMBERED_TEMPLATES_MAX:
            self._remembered.popitem(last=False)
        return learned


def parsed(found: TemplateFound) -> Offered:
    """Read the definitions of a template."""
    definitions = cast("list[dict[str, Any]]", msgspec.json.decode(found.definitions))
    try:
        settings = parse_template(found.name, found.owner, tuple(definitions), msgspec.json.decode(found.policies))
        fault = None
    except DefinitionError:
        settings, fault = {}, f"The definitions of {found.name} cannot be read any more"
    return Offered(
        name=found.name,
        owner=found.owner,
        position=found.position,
        settings=settings,
        shown=msgspec.Raw(msgspec.json.encode([defined.setting for defined in settings.values()])),
        ids=frozenset(settings or _ids(definitions)),
        fault=fault,
    )


def _ids(definitions: Iterable[dict[str, Any]]) -> Iterable[str]:
    return (str(definition.get("id", "")) for definition in definitions)

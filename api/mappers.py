"""What ids have become in other guilds, read once for all requests and remembered until a load goes on there."""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from projections.mappers.queries import MapperFound, TargetFound, mapper_of, targets_by_id
from store.connections import Pool
from store.gather import Gatherer

REMEMBERED_MAPPERS_MAX = 1000
BIGINT_MAX = 2**63 - 1

_Pair = tuple[int, int]


class Mappers:
    """Remembers mappers by where in the log the loads into their target are, as nothing changes in between."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._targets = Gatherer[int, TargetFound | None](self._find, flights_max=2)
        self._remembered: OrderedDict[_Pair, tuple[int, MapperFound | None]] = OrderedDict()

    async def find(self, source: int, target: int) -> MapperFound | None:
        """Return what the ids of a source have become in a target, as all loads that ended have left it."""
        found = await self._targets.get(target) if target <= BIGINT_MAX else None
        if found is None:
            return None
        position, mapper = self._remembered.get((source, target), (0, None))
        if position != found.position:
            mapper = await self._learn(source, target, found.position)
        if mapper is None:
            return None
        return msgspec.structs.replace(mapper, is_running=found.is_running, ended_at=found.ended_at)

    async def _find(self, targets: Sequence[int]) -> list[TargetFound | Exception | None]:
        async with self._pool.connection() as connection:
            found = await targets_by_id(connection, list(dict.fromkeys(targets)))
        return [found.get(target) for target in targets]

    async def _learn(self, source: int, target: int, position: int) -> MapperFound | None:
        """Read a mapper, which may be newer than the position at which it was found, never older."""
        async with self._pool.connection() as connection:
            mapper = await mapper_of(connection, target, str(source))
        self._remembered[source, target] = position, mapper
        while len(self._remembered) > REMEMBERED_MAPPERS_MAX:
            self._remembered.popitem(last=False)
        return mapper

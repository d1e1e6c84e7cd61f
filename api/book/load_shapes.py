"""How loads are shown on this surface: as they are, and what one would do."""

from collections.abc import Sequence

from api.parts import Parts
from domain.loads.aggregate import LOAD, Load
from domain.loads.events import Item
from projections.loads.rows import document_of
from schemas.loads import Creations, Deletions, Edit, Edits, LoadPlan, PlanCounts
from store import log


async def document_at(parts: Parts, load: str, position: int) -> bytes:
    """Return a load as it was at a position, as it is sent: from the log, so it shows what was written last."""
    async with parts.pool.connection() as connection:
        recorded = await log.read_back(connection, parts.store.keyring, [LOAD.stream(load)], position)
    return document_of(recorded)


def shown_plan(load: Load) -> LoadPlan:
    """Show what a load would do."""
    plan = load.plan
    creations = Creations(_made(plan.roles), _made(plan.channels), tuple(map(str, plan.bans)))
    edits = Edits(_edited(plan.roles), _edited(plan.channels), plan.settings)
    deletions = Deletions(tuple(map(str, plan.delete_roles)), tuple(map(str, plan.delete_channels)))
    return LoadPlan(
        source_id=str(load.source),
        target_id=str(load.target),
        mode=load.asked.mode,
        creations=creations,
        edits=edits,
        deletions=deletions,
        counts=PlanCounts(
            creations=len(creations.roles) + len(creations.channels) + len(creations.bans),
            edits=len(edits.roles) + len(edits.channels) + int(edits.settings),
            deletions=len(deletions.roles) + len(deletions.channels),
        ),
    )


def _made(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(str(item.source) for item in items if item.existing is None)


def _edited(items: Sequence[Item]) -> tuple[Edit, ...]:
    return tuple(Edit(str(item.source), str(item.existing)) for item in items if item.existing is not None)

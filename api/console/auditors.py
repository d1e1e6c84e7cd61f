"""Who may read everything in the console: auditors, and operators, who may also do something; each look is recorded."""

from collections.abc import Collection

from api.console.visitors import ShutOutError, Visitor, visitor_of
from api.parts import Asked, Parts
from api.roles import is_auditor
from domain.apps.aggregate import AUDITOR_SCOPE
from store.judgements import Judgement, judgements_of

AUDIT = "/console/audit"
OPT = {"surface": "console"}


async def auditor_of(request: Asked) -> Visitor:
    """Return an auditor who visits. Errors: LoginNeededError, ShutOutError."""
    visitor = await visitor_of(request, AUDITOR_SCOPE)
    if not is_auditor(request, visitor):
        raise ShutOutError("Only auditors may see this. GUILDBOOK_AUDITORS says who they are.")
    return visitor


async def judge(parts: Parts, positions: Collection[int]) -> dict[int, Judgement]:
    """Return of each event whether it is proven."""
    async with parts.pool.connection() as connection:
        return await judgements_of(connection, parts.master_key, positions)

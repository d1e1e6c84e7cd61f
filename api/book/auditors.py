"""Auditors: who may read everything that the book holds, on this surface."""

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import ProblemError
from api.book.forms import query_of
from api.parts import Asked
from api.roles import is_auditor
from domain.apps.aggregate import AUDITOR_SCOPE


async def auditor_of(request: Asked) -> Bot | Person:
    """Return the auditor who asks. Errors: ProblemError."""
    caller = await session_or_bot_of(request, bot_scope=AUDITOR_SCOPE, session_scope=AUDITOR_SCOPE)
    if not is_auditor(request, caller):
        raise ProblemError(403, "Only auditors may read this.")
    return caller


def reveals_in_query(request: Asked) -> bool:
    """Tell whether personal fields are to be opened. Errors: ProblemError."""
    text = query_of(request).get("reveal", "false")
    if text not in ("true", "false"):
        raise ProblemError(400, "reveal must be true or false.")
    return text == "true"

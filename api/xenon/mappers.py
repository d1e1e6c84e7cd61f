"""What the ids of a guild or backup have become in another guild."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from litestar import Response

from api.etags import is_known
from api.parts import Asked, Parts, parts_of
from api.xenon.auth import caller_of
from api.xenon.errors import NO_MAPPER, RefusedError
from api.xenon.queries import ID, id_in, word_in
from api.xenon.routes import SNOWFLAKE, TEXT, get
from projections.backups.queries import sources_of_backup
from projections.mappers.queries import MapperFound
from schemas.loads import Mapper

AGE_SECONDS = 60
SETTLING = timedelta(seconds=10)  # after a load, when bots come for what it made
BACKUP_CHARACTERS_MAX = 64


@get(
    "/mappers",
    summary="Look up what ids have become",
    answers={200: Mapper, 304: None},
    refusals=(400, 404),
    query={"target": SNOWFLAKE, "source": SNOWFLAKE, "backup": TEXT},
)
async def mapper(request: Asked) -> Response[bytes]:
    """Return the ids of a source by what they are in the target. A backup that is known wins over the source."""
    target, source, backup = (word_in(request, name) for name in ("target", "source", "backup"))
    if target is None:
        raise RefusedError(400, "Missing query parameter: target")
    if source is None and backup is None:
        raise RefusedError(400, "Either source or backup is required")
    into = id_in(target, "target")
    if source is not None and backup is None:
        id_in(source, "source")
    found = await _found(parts_of(request), into, source, backup) if caller_of(request).reaches(into) else None
    if found is None:
        raise RefusedError(404, NO_MAPPER)
    return _answer(request, found)


async def _found(parts: Parts, target: int, source: str | None, backup: str | None) -> MapperFound | None:
    """Return the mapper of the source that is meant, which may be none at all."""
    for each in await _sources(parts, source, backup):
        found = await parts.mappers.find(each, target)
        if found is not None:
            return found
    return None


async def _sources(parts: Parts, source: str | None, backup: str | None) -> list[int]:
    if backup is not None and len(backup) <= BACKUP_CHARACTERS_MAX and "\0" not in backup:
        async with parts.pool.connection() as connection:
            known = await sources_of_backup(connection, backup)
        if known:
            return known
    return [int(source)] if source is not None and ID.fullmatch(source) else []


def _answer(request: Asked, found: MapperFound) -> Response[bytes]:
    tag = f'"m{found.changed}"'
    headers = {"ETag": tag, "Vary": "Authorization", **keeping(found, datetime.now(UTC))}
    is_same = is_known(request.headers.get("if-none-match", ""), tag)
    content, status = (b"", 304) if is_same else (found.document, 200)
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def keeping(found: MapperFound, now: datetime) -> dict[str, str]:
    """Say how long the answer may be kept: not at all while a load goes on in the target, and shortly after."""
    is_moving = found.is_running or (found.ended_at is not None and now - found.ended_at < SETTLING)
    age_seconds = 0 if is_moving else AGE_SECONDS
    until = format_datetime(now + timedelta(seconds=age_seconds), usegmt=True)
    kept = f"private, max-age={age_seconds}"
    return {
        "Cache-Control": f"{kept}, must-revalidate" if is_moving else kept,
        "Expires": until,
        "Expiration": until,
    }


ROUTES = (mapper,)

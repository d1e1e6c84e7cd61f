"""A write with an `Idempotency-Key` is done once: whoever asks again under that key is given the first answer again."""

import asyncio
import functools
import hashlib
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import structlog
from litestar import Response

from api.book.auth import identity_of
from api.book.errors import ProblemError
from api.book.forms import read_raw
from api.described import Schema
from api.parts import Asked, parts_of
from store.connections import DATABASE_DOWN, Pool, described
from store.keyed_requests import RENEWAL_SECONDS, Ask, Given, claim, keep, kept, let_go, renew

Handler = Callable[[Asked], Awaitable[Response[bytes]]]

HEADER = "Idempotency-Key"
KEY = re.compile(r'"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')
IN_HEADER: dict[str, Schema] = {
    HEADER: {
        "type": "string",
        "maxLength": 255,
        "description": "A key of the caller's own: who asks again under it within a day is given the first answer.",
    }
}
REFUSED = 400
FRESH_ONLY = "guildbook-stale"  # what was late then need not be late now

_logger = structlog.get_logger()


class ShownOnce(Response[bytes]):
    """An answer with a secret in it; `kept` is what there is instead when it is given again."""

    kept: bytes


def shown_once(status: int, body: object, kept: object, headers: dict[str, str]) -> ShownOnce:
    """Answer with what is shown this once."""
    content = msgspec.json.encode(body)
    response = ShownOnce(content, status_code=status, media_type="application/json", headers=headers)
    response.kept = msgspec.json.encode(kept)
    return response


def once_per_key(handler: Handler) -> Handler:
    """Make a handler answer each key once."""

    @functools.wraps(handler)
    async def answer_once(request: Asked) -> Response[bytes]:
        text = request.headers.get(HEADER)
        return await (handler(request) if text is None else _answer(request, handler, _read_key(text)))

    return answer_once


def _read_key(text: str) -> str:
    parsed = KEY.fullmatch(text.strip())
    if not parsed:
        raise ProblemError(400, f"{HEADER} must be 1 to 255 visible characters.")
    return parsed[1] or parsed[2]


async def _answer(request: Asked, handler: Handler, key: str) -> Response[bytes]:
    ask = await _ask(request, key)
    request.scope["state"]["idempotency_key"] = key
    pool, name = parts_of(request).pool, secrets.token_hex(16)
    async with pool.connection() as connection:
        is_ours = await claim(connection, ask, name)
        found = None if is_ours else await kept(connection, ask)
    if is_ours:
        return await _do(request, handler, pool, name)
    if found is not None and found.request != ask.request:
        raise ProblemError(422, f"This {HEADER} was used for another request.")
    if found is None or found.given is None:
        raise ProblemError(409, f"The request with this {HEADER} is still under way.", {"Retry-After": "1"})
    headers = {**found.given.headers, "Idempotency-Replayed": "true"}
    return Response(found.given.body, status_code=found.given.status, media_type="application/json", headers=headers)


async def _ask(request: Asked, key: str) -> Ask:
    caller, body = await identity_of(request), await read_raw(request)
    asked = f"{request.url.path}?{request.url.query}\n".encode() + body
    route = f"{request.method} {min(request.route_handler.paths)}"
    return Ask(caller, route, key, hashlib.sha256(asked).digest())


async def _do(request: Asked, handler: Handler, pool: Pool, name: str) -> Response[bytes]:
    """Answer for the first time; what is refused did nothing, so its key may be used again."""
    try:
        async with _renewed(pool, name):
            response = await handler(request)
    except Exception:
        await _settle(pool, name, None)
        raise
    await _settle(pool, name, response if _status(response) < REFUSED else None)
    return response


async def _settle(pool: Pool, name: str, response: Response[bytes] | None) -> None:
    try:
        async with pool.connection() as connection:
            if response is None:
                await let_go(connection, name)
            else:
                await keep(connection, name, _given(response))
    except DATABASE_DOWN as error:  # the claim ends by itself, and the command says nothing twice
        _logger.warning("answer not kept", error=described(error))


def _given(response: Response[bytes]) -> Given:
    headers = {name: value for name, value in response.headers.items() if name.lower() != FRESH_ONLY}
    return Given(_status(response), headers, response.kept if isinstance(response, ShownOnce) else response.content)


def _status(response: Response[bytes]) -> int:
    return response.status_code or 200


@asynccontextmanager
async def _renewed(pool: Pool, name: str) -> AsyncGenerator[None]:
    """Hold a claim for as long as the block lasts."""
    renewing = asyncio.create_task(_renew(pool, name))
    try:
        yield
    finally:
        renewing.cancel()


async def _renew(pool: Pool, name: str) -> None:
    while True:
        await asyncio.sleep(RENEWAL_SECONDS)
        with suppress(*DATABASE_DOWN):
            async with pool.connection() as connection:
                await renew(connection, name)

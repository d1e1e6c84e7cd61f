"""The composition root of the HTTP process: settings in, one ASGI application out."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from api import health, pages
from api.demo import provider
from api.documents import document
from api.edge import Edge
from api.errors import HANDLERS
from api.parts import Parts
from api.polympics import accounts, awards, callbacks, errors, sessions, teams
from schemas.settings import Settings, read_settings
from store.keys import load_master_key
from store.logs import setup_logs
from store.memory import collect_seldom

POLYMPICS = (*accounts.ROUTES, *teams.ROUTES, *awards.ROUTES, *callbacks.ROUTES, *sessions.ROUTES)
DESCRIBED = POLYMPICS


def polympics() -> Router:
    """Route the Polympics surface."""
    return Router(path="/", route_handlers=POLYMPICS, exception_handlers=errors.HANDLERS)


def application(parts: Parts, more: Sequence[ControllerRouterHandler] = ()) -> Edge:
    """Put the application together, with more routes beside its own."""
    published = msgspec.json.encode(document(DESCRIBED))
    app = Litestar(
        route_handlers=[polympics(), *health.ROUTES, *pages.ROUTES, *more],
        exception_handlers=HANDLERS,
        lifespan=[_lifespan],
        state=State({"parts": parts, "document": published}),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=parts.settings.body_bytes_max,
    )
    return Edge(app, parts.settings, parts.freshness)


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncGenerator[None]:
    parts: Parts = app.state["parts"]
    await parts.pool.open()
    await parts.discord.open()
    freshness = asyncio.create_task(parts.freshness.run())
    collect_seldom()
    try:
        yield
    finally:
        freshness.cancel()
        await parts.discord.close()
        await parts.appender.close()
        await parts.pool.close()


def from_environment(more: Sequence[ControllerRouterHandler] = ()) -> Edge:
    """Make the application of this process, as `guildbook serve` starts it."""
    settings: Settings = read_settings(os.environ)
    setup_logs(settings.log_level, "api")
    data = os.environ.get("GUILDBOOK_DATA")
    master_key = load_master_key(Path(data) if data else None, settings.master_key)
    assert settings.database_url, "guildbook serve sets it"
    parts = Parts(settings, settings.database_url, master_key)
    return application(parts, [*more, provider] if os.environ.get("GUILDBOOK_DEMO") == "1" else more)

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

from api import async_page, demo, health, pages
from api.antiraid import bots, config, guild_list, oauth2
from api.antiraid import errors as antiraid_errors
from api.antiraid import guilds as antiraid_guilds
from api.antiraid import sessions as antiraid_sessions
from api.antiraid import settings as antiraid_settings
from api.async_document import async_document
from api.book import (
    backups,
    callback_deeds,
    deliveries,
    events,
    guild_templates,
    history,
    load_reports,
    loads,
    restore,
    setting_rows,
)
from api.book import bots as book_bots
from api.book import callbacks as book_callbacks
from api.book import errors as book_errors
from api.book import exports as book_exports
from api.book import guilds as book_guilds
from api.book import privacy as book_privacy
from api.book import proofs as book_proofs
from api.book import settings as book_settings
from api.console import routing as console
from api.documents import document
from api.edge import Edge
from api.errors import HANDLERS
from api.parts import Parts
from api.polympics import accounts, awards, callbacks, errors, sessions, teams
from api.stock import keep_stock
from api.xenon import errors as xenon_errors
from api.xenon import loaders, mappers, template_bots
from schemas.settings import Settings, read_settings
from store.keys import load_master_key
from store.logs import setup_logs
from store.memory import collect_seldom
from store.signals import tell_of_erasures

POLYMPICS = (*accounts.ROUTES, *teams.ROUTES, *awards.ROUTES, *callbacks.ROUTES, *sessions.ROUTES)
BOOK = (
    *(*book_bots.ROUTES, *events.ROUTES, *book_settings.ROUTES, *setting_rows.ROUTES, *restore.ROUTES),
    *(*backups.ROUTES, *guild_templates.ROUTES, *loads.ROUTES, *load_reports.ROUTES),
    *(*book_callbacks.ROUTES, *callback_deeds.ROUTES, *deliveries.ROUTES, *book_proofs.ROUTES, *book_exports.ROUTES),
    *history.ROUTES,
    *book_privacy.ROUTES,
)
ANTIRAID = (
    *config.ROUTES,
    *bots.ROUTES,
    *oauth2.ROUTES,
    *antiraid_sessions.ROUTES,
    *guild_list.ROUTES,
    *antiraid_guilds.ROUTES,
    *antiraid_settings.ROUTES,
)
XENON = (*mappers.ROUTES, *loaders.ROUTES, *template_bots.ROUTES)
DESCRIBED = (*POLYMPICS, *BOOK, *book_guilds.ROUTES, *ANTIRAID, *XENON)


def polympics() -> Router:
    """Route the Polympics surface."""
    return Router(path="/", route_handlers=POLYMPICS, exception_handlers=errors.HANDLERS)


def book(settings: Settings) -> Router:
    """Route the native surface, where whole guilds may be sent."""
    guilds = Router(path="/", route_handlers=book_guilds.ROUTES, request_max_body_size=settings.snapshot_body_bytes_max)
    return Router(path="/", route_handlers=[*BOOK, *events.SOCKETS, guilds], exception_handlers=book_errors.HANDLERS)


def antiraid(settings: Settings) -> Router:
    """Route the AntiRaid surface."""
    return Router(
        path="/",
        route_handlers=ANTIRAID,
        exception_handlers=antiraid_errors.HANDLERS,
        request_max_body_size=settings.settings_body_bytes_max,
    )


def xenon(settings: Settings) -> Router:
    """Route the Xenon surface."""
    return Router(
        path="/",
        route_handlers=[*XENON, *loaders.SOCKETS],
        exception_handlers=xenon_errors.HANDLERS,
        request_max_body_size=settings.xenon_body_bytes_max,
    )


def application(parts: Parts, more: Sequence[ControllerRouterHandler] = ()) -> Edge:
    """Put the application together, with more routes beside its own."""
    app = Litestar(
        route_handlers=[
            polympics(),
            book(parts.settings),
            antiraid(parts.settings),
            xenon(parts.settings),
            console.router(parts.settings),
            *health.ROUTES,
            *async_page.ROUTES,
            *pages.ROUTES,
            *more,
        ],
        exception_handlers=HANDLERS,
        lifespan=[_lifespan],
        state=State({"parts": parts, **_published()}),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=parts.settings.body_bytes_max,
    )
    return Edge(app, parts.settings, parts.freshness, parts.listeners)


def _published() -> dict[str, bytes]:
    """Return both documents, and the page of the one for which there is no script, as they are sent."""
    told = async_document(DESCRIBED)
    return {
        "document": msgspec.json.encode(document(DESCRIBED)),
        "async_document": msgspec.json.encode(told),
        "async_page": async_page.page_of(told).encode(),
    }


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncGenerator[None]:
    parts: Parts = app.state["parts"]
    await parts.pool.open()
    streams = (parts.tail.run(), parts.loads.run(), parts.listeners.run())
    forgetting = tell_of_erasures(parts.url, parts.store.forget)
    at_work = (parts.freshness.run(), *streams, keep_stock(parts), forgetting)
    running = [asyncio.create_task(work) for work in at_work]
    collect_seldom()
    try:
        yield
    finally:
        await parts.listeners.close()
        for task in running:
            task.cancel()
        await parts.discord.close()
        await parts.appender.close()
        await parts.limiter.close()
        await parts.pool.close()


def from_environment(more: Sequence[ControllerRouterHandler] = ()) -> Edge:
    """Make the application of this process, as `guildbook serve` starts it."""
    settings: Settings = read_settings(os.environ)
    setup_logs(settings.log_level, "api")
    data = os.environ.get("GUILDBOOK_DATA")
    master_key = load_master_key(Path(data) if data else None, settings.master_key)
    assert settings.database_url, "guildbook serve sets it"
    parts = Parts(settings, settings.database_url, master_key)
    return application(parts, [*more, *demo.ROUTES] if os.environ.get("GUILDBOOK_DEMO") == "1" else more)

"""The console as one router: its pages, and its own way of saying what goes wrong."""

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException

from api.console import (
    audit,
    audit_privacy,
    audit_state,
    audit_streams,
    callbacks,
    errors,
    guilds,
    loads,
    login,
    mappings,
    new_loads,
    pages,
    restores,
)
from api.console import settings as setting_pages
from api.console.visitors import HOME
from schemas.settings import Settings

LOST = f"{HOME}/{{rest:path}}"


@get(LOST, include_in_schema=False, opt={"surface": "console"})
async def lost() -> Response[bytes]:
    """Answer for all pages that there are not."""
    raise NotFoundException


def router(settings: Settings) -> Router:
    """Route the console; what a form sends is up to three times as long as the JSON that it says."""
    of_guilds = (*guilds.ROUTES, *setting_pages.ROUTES, *loads.ROUTES)
    of_loads = (*new_loads.ROUTES, *mappings.ROUTES, *restores.ROUTES)
    of_book = (*audit.ROUTES, *audit_streams.ROUTES, *audit_state.ROUTES, *audit_privacy.ROUTES, *callbacks.ROUTES)
    handlers = (*pages.ROUTES, *login.ROUTES, *of_guilds, *of_loads, *of_book, lost)
    longest = 3 * settings.settings_body_bytes_max
    return Router(path="/", route_handlers=handlers, exception_handlers=errors.HANDLERS, request_max_body_size=longest)

"""The templates of settings that every guild with a bot is offered from the beginning: data of ours."""

import asyncio
from importlib import resources
from typing import Any

import orjson
import structlog

from api.parts import Parts
from domain.kernel import UnknownError
from domain.permissions import OPERATOR
from domain.processes.register_template import register_template
from domain.settings.aggregate import TemplateOwnedError
from domain.settings.commands import withdraw_template
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.codec import Origin
from store.connections import DATABASE_DOWN

FILES = ("builtins.json", "essentials.json")
ORIGIN = Origin(actor=OPERATOR.name(), surface="stock")
RETRY_SECONDS = 1.0
LATER = (BookUnavailableError, ConflictError, OutcomeUnknownError, *DATABASE_DOWN)

_logger = structlog.get_logger()


async def keep_stock(parts: Parts) -> None:
    """Register the stock templates as this version has them, or withdraw them if they are not wished.

    What is so already is not said again, so every process may do this when it starts.
    """
    for template in stock():
        await _keep(parts, template)


def stock() -> list[dict[str, Any]]:
    """Return the templates, as a bot would send them, each with its name."""
    folder = resources.files("domain.settings") / "stock"
    return [orjson.loads((folder / file).read_bytes()) for file in FILES]


async def _keep(parts: Parts, template: dict[str, Any]) -> None:
    """Do it, and again while the book is not available."""
    while True:
        try:
            await _say(parts, template)
            return
        except UnknownError:  # nothing to withdraw
            return
        except TemplateOwnedError:
            _logger.warning("a bot has a template of that name", template=template["name"])
            return
        except LATER:
            await asyncio.sleep(RETRY_SECONDS)


async def _say(parts: Parts, template: dict[str, Any]) -> None:
    if parts.settings.stock_templates:
        await parts.store.execute(ORIGIN, register_template, owner=None, may_reserve=True, **template)
    else:
        await parts.store.execute(ORIGIN, withdraw_template, name=template["name"], owner=None)

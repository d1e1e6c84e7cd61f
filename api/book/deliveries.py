"""What was sent to a callback, and how that went; one delivery may be sent again."""

from litestar import Response

from api.book.auth import bot_of
from api.book.callback_access import WRITE, own_callback, reader_of, seen_callback
from api.book.callback_shapes import shown_delivery
from api.book.errors import ProblemError, answer
from api.book.forms import position_in_query, query_of
from api.book.pages import PAGING, page, paging
from api.book.routes import get, post
from api.parts import Asked, parts_of
from api.writing import write
from domain.callbacks.commands import resend_delivery
from projections.deliveries import Delivery, deliveries_of, delivery_by_id
from schemas.book import BIGINT_MAX, Items
from schemas.callbacks import DELIVERY_STATES, DeliveryOut

PATH = "/book/callbacks/{callback_id:str}/deliveries"
QUERY = {
    "state": {"type": "string", "enum": [*DELIVERY_STATES]},
    "before": {
        "type": "integer",
        "minimum": 0,
        "maximum": BIGINT_MAX,
        "description": "Deliveries of events before this position of the log.",
    },
}


@get(PATH, summary="List deliveries", query={**QUERY, **PAGING}, answers={200: Items[DeliveryOut]})
async def listed(request: Asked) -> Response[bytes]:
    """Return what was sent, or is to be, with every attempt; the newest events first."""
    callback = await seen_callback(request, await reader_of(request))
    asked, state = paging(request, int), _state(request)
    before = position_in_query(request, "before")
    places = [BIGINT_MAX if before is None else before, *(asked.after or ())]
    async with parts_of(request).pool.connection() as connection:
        found = await deliveries_of(connection, callback.id, min(map(int, places)), asked.limit + 1, state=state)
    return answer(200, page(asked, found, lambda delivery: (delivery.position,), shown_delivery))


def _state(request: Asked) -> str | None:
    state = query_of(request).get("state")
    if state is not None and state not in DELIVERY_STATES:
        raise ProblemError(400, f"state must be one of {', '.join(DELIVERY_STATES)}.")
    return state


@get(f"{PATH}/{{delivery_id:str}}", summary="Show a delivery", answers={200: DeliveryOut})
async def show(request: Asked) -> Response[bytes]:
    """Return a delivery with every attempt."""
    callback = await seen_callback(request, await reader_of(request))
    return answer(200, shown_delivery(await _found(request, callback.id)))


async def _found(request: Asked, callback: int) -> Delivery:
    """Return the delivery that the path names. Errors: ProblemError."""
    name: str = request.path_params["delivery_id"]
    async with parts_of(request).pool.connection() as connection:
        found = await delivery_by_id(connection, name) if name.isascii() and name.isprintable() else None
    if found is None or found.callback != callback:
        raise ProblemError(404, "There is no such delivery to this callback, or it was too long ago.")
    return found


@post(f"{PATH}/{{delivery_id:str}}/resend", summary="Send a delivery again", answers={202: DeliveryOut})
async def resend(request: Asked) -> Response[bytes]:
    """Send one delivery once more, under the `webhook-id` that it had; the answer is what became of it so far."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    delivery = await _found(request, callback.id)
    if delivery.state == "pending":
        raise ProblemError(409, "It is on its way already.")
    if not delivery.is_resendable():
        raise ProblemError(409, "What a Polympics callback was told is kept until it arrives only: it is gone.")
    wishes = {"app": callback.app, "event": callback.event, "delivery": delivery.id}
    written = await write(request, bot.actor, resend_delivery, **wishes)
    return answer(202, shown_delivery(delivery), written.headers())


ROUTES = (listed, show, resend)

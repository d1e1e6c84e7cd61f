"""What is done with a callback that is there: its secret rotated, paused and resumed, replayed and tested."""

from datetime import UTC, datetime, timedelta

from litestar import Response

from api.book.auth import bot_of
from api.book.callback_access import WRITE, own_callback
from api.book.callback_forms import read_replay, read_secret
from api.book.callbacks import answer_written, new_secret
from api.book.errors import answer
from api.book.forms import read_object, read_raw
from api.book.routes import post
from api.parts import Asked, parts_of
from api.writing import write
from domain.callbacks.commands import pause_callback, probe_callback, replay_callback, resume_callback, rotate_secret
from schemas.callbacks import CallbackOut, CallbackProbe, NewSecret, Replay

PATH = "/book/callbacks/{callback_id:str}"


@post(f"{PATH}/rotate", summary="Rotate a callback's secret", body=NewSecret, answers={200: CallbackOut})
async def rotate(request: Asked) -> Response[bytes]:
    """Sign with another secret, and with the one before it for a while: each delivery has both signatures then.

    The secret is in this answer only, as when a callback is added.
    """
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    has_body = bool((await read_raw(request)).strip())
    given, hours = read_secret(await read_object(request) if has_body else {}, callback.signing)
    secret = given or new_secret(callback.signing)
    wishes = {"secret": secret, "overlap_ends_at": datetime.now(UTC) + timedelta(hours=hours)}
    written = await write(request, bot.actor, rotate_secret, app=callback.app, event=callback.event, **wishes)
    return await answer_written(request, callback, written, secret)


@post(f"{PATH}/pause", summary="Pause a callback", answers={200: CallbackOut})
async def pause(request: Asked) -> Response[bytes]:
    """Send nothing until it is resumed; nothing is lost meanwhile."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    written = await write(request, bot.actor, pause_callback, app=callback.app, event=callback.event)
    return await answer_written(request, callback, written)


@post(f"{PATH}/resume", summary="Resume a callback", answers={200: CallbackOut})
async def resume(request: Asked) -> Response[bytes]:
    """Send again, beginning with what it missed, whether it was paused or disabled."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    written = await write(request, bot.actor, resume_callback, app=callback.app, event=callback.event)
    return await answer_written(request, callback, written)


@post(f"{PATH}/replay", summary="Replay to a callback", body=Replay, answers={200: CallbackOut})
async def replay(request: Asked) -> Response[bytes]:
    """Send all that it wants after a position once more, in order, each under the `webhook-id` that it had."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    after = read_replay(await read_object(request), await parts_of(request).head())
    written = await write(request, bot.actor, replay_callback, app=callback.app, event=callback.event, after=after)
    return await answer_written(request, callback, written)


@post(f"{PATH}/test", summary="Test a callback", answers={202: CallbackProbe})
async def probe(request: Asked) -> Response[bytes]:
    """Send the event that says so, whatever is filtered; the answer names the delivery."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    written = await write(request, bot.actor, probe_callback, app=callback.app, event=callback.event)
    delivery = f"msg_{written.position}_{callback.id}"
    return answer(202, CallbackProbe(delivery, written.position), written.headers())


ROUTES = (rotate, pause, resume, replay, probe)

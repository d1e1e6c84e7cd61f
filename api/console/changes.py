"""What happens to a form that was sent: it is read, done, and answered with the page again."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response

from api.console import deeds
from api.console.conflicts import merged
from api.console.fields import CREATE, edited_columns
from api.console.forms import Form, UnreadableFormError, fields_of, form_of
from api.console.pages import redirect
from api.console.pasts import undo
from api.console.scenes import UPDATE, Said, Scene
from api.console.views import key_of, key_text
from api.parts import Asked
from api.writing import Written
from domain.processes.setting_case import Done
from domain.settings.refusals import PreconditionFailedError, SettingRefusedError, SettingUnknownError

DELETE, REORDER, UNDO = "Delete", "Reorder", "Undo"
NAMING = ("column", "field", "column_id")  # the members of a typed error that name a column
GONE = "RowDoesNotExist"
CHANGED = "This was changed by somebody else in the meantime. Look again, and then decide."
INVALID, CONFLICT, FORBIDDEN = 422, 409, 403


async def change(request: Asked, scene: Scene, form: Form) -> Response[bytes]:
    """Do what a form asks for."""
    try:
        if form.word("_undo"):
            undone = undo(request, scene.visit.visitor, scene.page, _key(form), form.word("_undo"))
            return _after(scene, UNDO, await undone)
        if form.word("_move"):
            key, direction = _key(form), form.word("_move")
            moved = deeds.move(request, scene.visit.visitor, scene.page, scene.rows, key=key, direction=direction)
            return _after(scene, REORDER, await moved)
        if form.word("_operation") == DELETE:
            return _after(scene, DELETE, await _delete(request, scene, form))
    except SettingRefusedError as refusal:
        return _refused(scene, refusal)
    except (PreconditionFailedError, SettingUnknownError):
        return msgspec.structs.replace(scene, refused=CHANGED).answer(CONFLICT)
    return await _save(request, scene, form)


async def _delete(request: Asked, scene: Scene, form: Form) -> Written[Done]:
    if_match = f"r{_position(form)}" if _position(form) else None
    return await deeds.act(request, scene.visit.visitor, scene.page, DELETE, fields=_key(form), if_match=if_match)


async def _save(request: Asked, scene: Scene, form: Form) -> Response[bytes]:
    """Do an operation with the fields of a form, and show the form again with whatever is wrong with it."""
    filled = _filled(scene, form)
    if form.word("_more"):
        return msgspec.structs.replace(filled, texts=_longer(form, form.word("_more"))).answer()
    operation = form.word("_operation") or form.word("_form")
    stored = _stored(scene, form) if operation == UPDATE else None
    columns = edited_columns(scene.page.setting, CREATE if filled.creating else UPDATE)
    fields, faults = fields_of(columns, form, stored)
    if faults:
        return msgspec.structs.replace(filled, said=Said(faults=faults)).answer(INVALID)
    if_match = f"r{_position(form)}" if operation == UPDATE and _position(form) else None
    fields |= _key(form)
    acting = deeds.act(request, scene.visit.visitor, scene.page, operation, fields=fields, if_match=if_match)
    try:
        done = await acting
    except SettingRefusedError as refusal:
        return _beside(filled, form, refusal)
    except PreconditionFailedError:
        both = await merged(request, filled, form)
        return both.answer(CONFLICT) if both else _anew(filled, form)
    except SettingUnknownError:
        return msgspec.structs.replace(filled, refused=CHANGED).answer(CONFLICT)
    return _after(scene, operation, done)


def _filled(scene: Scene, form: Form) -> Scene:
    """Return the page with the form on it that was sent."""
    creating = form.word("_form") == CREATE
    opened = None if creating else key_text(_key(form))
    return msgspec.structs.replace(scene, texts=form, creating=creating, opened=opened)


def _stored(scene: Scene, form: Form) -> Mapping[str, Any] | None:
    """Return the row that the form shows, None for one that is not there yet.

    What has changed since it was shown is found out when it is written.
    """
    key = _key(form)
    found = (seen.fields for seen in scene.rows.seen if key_of(scene.page.setting, seen.fields) == key)
    return next(found, None)


def _key(form: Form) -> dict[str, Any]:
    """Return the primary key that the form carries. Errors: UnreadableFormError."""
    try:
        return msgspec.json.decode(form.word("_key") or "{}", type=dict[str, Any])
    except ValueError as error:
        raise UnreadableFormError from error


def _position(form: Form) -> int:
    text = form.word("_position") or "0"
    if not text.isascii() or not text.isdigit():
        raise UnreadableFormError
    return int(text)


def _longer(form: Form, column: str) -> Form:
    """Return the form with room for more items in a column."""
    texts, paths = list(form.all("f", column)), list(form.all("p", column))
    if not paths:
        return form.with_texts({f"f:{column}": [*filter(None, texts), "", ""]})
    pairs = [pair for pair in zip(paths, texts, strict=False) if any(pair)]
    rooms: Sequence[tuple[str, str]] = [*pairs, ("", ""), ("", "")]
    return form.with_texts({f"p:{column}": [path for path, _ in rooms], f"f:{column}": [text for _, text in rooms]})


def _after(scene: Scene, operation: str, written: Written[Done]) -> Response[bytes]:
    """Show the page after a deed, with a way back from it."""
    said = {"done": operation}
    if written.recorded_at is not None and written.value.key is not None and operation != UNDO:
        said |= {"key": key_text(written.value.key), "undo": str(written.position)}
    return redirect(f"{scene.page.here}?{urlencode(said)}")


def _refused(scene: Scene, refusal: SettingRefusedError) -> Response[bytes]:
    return msgspec.structs.replace(scene, refused=f"{refusal.text}.").answer(_status(refusal))


def _beside(scene: Scene, form: Form, refusal: SettingRefusedError) -> Response[bytes]:
    """Say what is wrong beside its column, or above the form when it is about no column of it."""
    if refusal.kind == GONE and not scene.creating:
        return _anew(scene, form)
    named = next((str(refusal.members[name]) for name in NAMING if name in refusal.members), "")
    is_here = named in {
        column.id for column in edited_columns(scene.page.setting, CREATE if scene.creating else UPDATE)
    }
    text = f"{refusal.text.removeprefix(f'{named}: ')}."
    said = Said(faults={named: text[:1].upper() + text[1:]}) if is_here else Said(fault=f"{refusal.text}.")
    return msgspec.structs.replace(scene, said=said).answer(_status(refusal))


def _anew(scene: Scene, form: Form) -> Response[bytes]:
    """Offer what was typed as a new row: the one that it was typed for is gone."""
    keys = form_of(scene.page.setting.key_columns, _key(form))
    said = Said(fault="Somebody has deleted this in the meantime. You may create it again.")
    return msgspec.structs.replace(
        scene, said=said, creating=True, opened=None, texts=form.with_texts(keys.texts)
    ).answer(CONFLICT)


def _status(refusal: SettingRefusedError) -> int:
    return FORBIDDEN if refusal.members.get("typ") == "permission_denied" else INVALID

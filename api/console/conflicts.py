"""Two people change one row: what each of them did is shown, and nothing of either is lost."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.console.deeds import rows_of
from api.console.fields import edited_columns
from api.console.forms import Form, fields_of, form_of
from api.console.pasts import changes_since
from api.console.scenes import UPDATE, Said, Scene
from api.console.showing import chips_of
from api.console.views import key_of, key_text
from api.parts import Asked


async def merged(request: Asked, scene: Scene, form: Form) -> Scene | None:
    """Return the page with a form that holds what is there now, and over it what this visitor typed.

    None when the row is not there any more.
    What others put into columns that this visitor did not touch simply stands there; beside the others it is said.
    """
    scene = msgspec.structs.replace(scene, rows=await rows_of(request, scene.page))
    found = [seen for seen in scene.rows.seen if key_text(key_of(scene.page.setting, seen.fields)) == scene.opened]
    if not found:
        return None
    now, columns = found[0], edited_columns(scene.page.setting, UPDATE)
    since = await changes_since(request, scene.page, scene.opened or "", int(form.word("_position") or 0))
    before: Mapping[str, Any] = {**now.fields, **since.before}
    touched, unread = fields_of(columns, form, before)
    mine = [column for column in columns if column.id in touched or column.id in unread]
    typed = {name: texts for name, texts in form.texts.items() if name[2:] in {column.id for column in mine}}
    changed = {
        column.id: chips_of(column, now.fields.get(column.id), scene.page.directory)
        for column in columns
        if column.id in since.before
    }
    said = Said(meanwhile=since.actors or "somebody", changed=changed)
    return msgspec.structs.replace(scene, said=said, texts=form_of(columns, now.fields).with_texts(typed))

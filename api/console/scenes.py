"""Puts the page of one setting together: its rows, of which one may be open, and what was said about the last deed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response

from api.console.deeds import Rows
from api.console.fields import CREATE, Sheet, edited_columns
from api.console.forms import Form as Texts
from api.console.forms import form_of
from api.console.pages import page as rendered
from api.console.pasts import Past
from api.console.showing import Chip
from api.console.views import Form, Page, Row, Seen, form_on, key_of, key_text, offers, row_of
from api.console.visits import Visit

UPDATE = "Update"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a form that was not taken."""

    fault: str | None = None
    faults: Mapping[str, str] = {}
    meanwhile: str | None = None
    changed: Mapping[str, Sequence[Chip]] = {}


class Done(msgspec.Struct, frozen=True):
    """What is said about a deed; `undo` is the position to undo, with the key of its row."""

    text: str
    key: str = ""
    undo: str = ""
    is_quiet: bool = False
    """Whether the eyes stay where they are: who moves rows moves more of them."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A page of one setting, with what is open on it. `opened` and `told` are keys of rows as JSON."""

    visit: Visit
    page: Page
    rows: Rows
    opened: str | None = None
    texts: Texts | None = None
    said: Said = Said()
    creating: bool = False
    told: str | None = None
    past: Past | None = None
    done: Done | None = None
    refused: str | None = None

    def answer(self, status: int = 200) -> Response[bytes]:
        """Return the page."""
        of_all = self.past if self.past and self.told is None else None
        return rendered(
            "setting.html",
            status,
            here=self.page.here,
            setting=self.page.setting,
            rows=self._rows(),
            creating=self._new() if self.creating else None,
            done=self.done,
            refused=self.refused,
            unseen=self.rows.refusal,
            history=of_all.entries if of_all else None,
            older=self.past.older if self.past else None,
            is_singleton=self.page.is_singleton(),
            is_stored=not self.creating,
            **offers(self.page),
            **self.visit.values(),
        )

    def _rows(self) -> list[Row]:
        seen = self.rows.seen
        if self.page.is_singleton() and not seen and self.page.can(UPDATE):
            seen = [Seen({}, 0)]  # it is made by saving it
        return [self._row(each) for each in seen]

    def _row(self, seen: Seen) -> Row:
        page, key = self.page, key_text(key_of(self.page.setting, seen.fields))
        history = self.past.entries if self.past and self.told == key else None
        row = row_of(page, seen, history=history)
        is_open = (self.opened == key or page.is_singleton()) and page.can(UPDATE)
        return msgspec.structs.replace(row, form=self._form(seen, row)) if is_open else row

    def _form(self, seen: Seen, row: Row) -> Form:
        columns = edited_columns(self.page.setting, UPDATE)
        is_this = self.texts is not None and (self.opened == row.key or self.page.is_singleton())
        texts = self.texts if is_this and self.texts else form_of(columns, seen.fields or self._defaults())
        sheet = self._sheet(UPDATE, texts, seen.fields, is_this=is_this)
        said = {"fault": self.said.fault, "meanwhile": self.said.meanwhile} if is_this else {}
        return form_on(self.page, sheet, row, again=row.href, **said)

    def _new(self) -> Form:
        texts = self.texts or form_of(edited_columns(self.page.setting, CREATE), self._defaults())
        sheet = self._sheet(CREATE, texts, None, is_this=True)
        return form_on(self.page, sheet, fault=self.said.fault)

    def _sheet(self, operation: str, texts: Texts, stored: Mapping[str, Any] | None, *, is_this: bool) -> Sheet:
        return Sheet(
            setting=self.page.setting,
            operation=operation,
            form=texts,
            stored=stored,
            faults=self.said.faults if is_this else {},
            meanwhile=self.said.changed if is_this else {},
            directory=self.page.directory,
        )

    def _defaults(self) -> Mapping[str, Any]:
        return self.page.defined.policy.defaults

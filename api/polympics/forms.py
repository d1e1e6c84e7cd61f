"""Reads what was sent and notes all that is wrong with it: one fault per mistake, all of them in one answer."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, cast

from litestar.exceptions import ClientException, InternalServerException

from api.parts import Asked, parts_of
from api.polympics.coercions import NotJsonError, read_integer, read_json, read_query, read_text
from api.polympics.errors import NOUNS, InvalidError, unknown
from domain.kernel import Entity
from schemas.polympics import BIGINT_MAX, ITEMS_MAX, Fault

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ABSENT: Any = object()

Loc = tuple[str, ...]


class Form:
    """One request's path, query and body, with the faults found so far."""

    def __init__(self, request: Asked) -> None:
        self.faults: list[Fault] = []
        self._request = request
        self._parts = parts_of(request)
        self._query = read_query(request.scope["query_string"])
        self._body: dict[str, Any] | None = None
        self._places: dict[tuple[str, object], Loc] = {}
        request.scope["state"]["places"] = self._places

    def check(self) -> None:
        """Refuse when there is any fault. Errors: InvalidError."""
        if self.faults:
            raise InvalidError(self.faults)

    def fault(self, loc: Loc, msg: str, kind: str = "value_error", ctx: dict[str, Any] | None = None) -> None:
        """Note a fault."""
        self.faults.append(Fault(loc, msg, kind, ctx))

    # The body.

    async def read_body(self) -> None:
        """Read the JSON object that was sent. Without one there is a fault, and its fields are absent."""
        try:
            async with asyncio.timeout(self._parts.settings.body_seconds_max):
                raw = await self._request.body()
        except (TimeoutError, InternalServerException) as error:  # the latter: the client has gone away
            raise ClientException("Request body too slow.", status_code=408) from error
        if raw.strip():
            self._parse(raw)
        else:
            self.fault(("body",), "field required", "value_error.missing")

    def _parse(self, raw: bytes) -> None:
        try:
            body = read_json(raw)
        except NotJsonError as error:
            self.fault(("body", str(error.context["pos"])), str(error), "value_error.jsondecode", error.context)
            return
        if isinstance(body, dict):
            self._body = body
        elif body is None:
            self.fault(("body",), "field required", "value_error.missing")
        else:
            self.fault(("body",), "value is not a valid dict", "type_error.dict")

    def given(self, name: str, *, required: bool = False) -> Any:  # noqa: ANN401 - JSON is anything
        """Return a field's value, or ABSENT, which null is too. A required field that is absent is a fault."""
        if self._body is None:
            return ABSENT
        value = self._body.get(name, ABSENT)
        if required and value is ABSENT:
            self.fault(("body", name), "field required", "value_error.missing")
        elif required and value is None:
            self._none_not_allowed(("body", name))
        return ABSENT if value is None else value

    def _none_not_allowed(self, loc: Loc) -> None:
        self.fault(loc, "none is not an allowed value", "type_error.none.not_allowed")

    def is_unread(self) -> bool:
        """Tell whether there is no body to ask for fields."""
        return self._body is None

    def is_zero(self, name: str) -> bool:
        """Tell whether a field is 0, "0" or false."""
        return read_integer(self.given(name)) == 0

    def text(self, name: str, characters_max: int, *, required: bool = False) -> str:
        """Return a field as text; "" when it is absent or faulty."""
        value = self.given(name, required=required)
        return "" if value is ABSENT else self._text(("body", name), value, characters_max)

    def _text(self, loc: Loc, value: object, characters_max: int) -> str:
        text = read_text(value)
        if text is None:
            self.fault(loc, "str type expected", "type_error.str")
        elif len(text) > characters_max:
            msg = f"ensure this value has at most {characters_max} characters"
            self.fault(loc, msg, "value_error.any_str.max_length", {"limit_value": characters_max})
        elif UNSTORABLE.search(text):
            self.fault(loc, "characters not allowed")
        else:
            return text
        return ""

    def integer(self, name: str, low: int, high: int, *, required: bool = False) -> int:
        """Return a field as an integer within limits; 0 when it is absent or faulty."""
        value = self.given(name, required=required)
        return 0 if value is ABSENT else self._within(("body", name), read_integer(value), low, high)

    def _within(self, loc: Loc, number: int | None, low: int, high: int) -> int:
        if number is None:
            self.fault(loc, "value is not a valid integer", "type_error.integer")
        elif number < low:
            msg = f"ensure this value is greater than or equal to {low}"
            self.fault(loc, msg, "value_error.number.not_ge", {"limit_value": low})
        elif number > high:
            msg = f"ensure this value is less than or equal to {high}"
            self.fault(loc, msg, "value_error.number.not_le", {"limit_value": high})
        else:
            return number
        return 0

    async def known(self, name: str, entity: Entity[Any], *, required: bool = True) -> int | None:
        """Return the id of something that exists, from a field; None when it is absent or faulty."""
        value = self.given(name, required=required)
        return None if value is ABSENT else await self._known(("body", name), value, entity)

    async def known_list(self, name: str, entity: Entity[Any]) -> list[int]:
        """Return the ids of things that exist, from a required field that is a list."""
        values = self._items(name)
        numbers = [read_integer(value) for value in values]
        known = await self._existing({number for number in numbers if number is not None}, entity)
        ids = [
            self._judge(("body", name, str(place)), value, entity, exists=number in known)
            for place, (value, number) in enumerate(zip(values, numbers, strict=True))
        ]
        return [found for found in ids if found is not None]

    def _items(self, name: str) -> Sequence[object]:
        values = self.given(name, required=True)
        if values is ABSENT:
            return ()
        if not isinstance(values, list):
            self.fault(("body", name), "value is not a valid list", "type_error.list")
            return ()
        items = cast("list[object]", values)
        if len(items) > ITEMS_MAX:
            msg = f"ensure this value has at most {ITEMS_MAX} items"
            self.fault(("body", name), msg, "value_error.list.max_items", {"limit_value": ITEMS_MAX})
            return ()
        return items

    async def _existing(self, ids: set[int], entity: Entity[Any]) -> set[int | None]:
        """Ask for all at once, so that their streams are read together."""
        answers = await asyncio.gather(*(self._exists(entity, number) for number in ids))
        return {number for number, exists in zip(ids, answers, strict=True) if exists}

    async def _exists(self, entity: Entity[Any], number: int) -> bool:
        return 0 < number <= BIGINT_MAX and await self._parts.store.peek(entity, number) is not None

    async def _known(self, loc: Loc, value: object, entity: Entity[Any]) -> int | None:
        number = read_integer(value)
        exists = number is not None and await self._exists(entity, number)
        return self._judge(loc, value, entity, exists=exists)

    def _judge(self, loc: Loc, value: object, entity: Entity[Any], *, exists: bool) -> int | None:
        number = self.identity(loc, value, entity.context)
        if number is None:
            return None
        if not exists:
            self.faults.append(unknown(entity.context, *loc))
            return None
        self._places.setdefault((entity.context, number), loc)
        return number

    def identity(self, loc: Loc, value: object, context: str) -> int | None:
        """Return an id, whether or not there is such a thing; None when it is faulty."""
        number = read_integer(value)
        if value is None:
            self._none_not_allowed(loc)
        elif number is None:
            self.fault(loc, f"Invalid {NOUNS[context]} ID: must be int.")
        return number

    # The path and the query.

    async def known_in_path(self, name: str, entity: Entity[Any]) -> int:
        """Return the id of something that exists, from the path; 0 when it is faulty."""
        return await self._known(("path", name), self._request.path_params[name], entity) or 0

    def identity_in_path(self, name: str, context: str) -> int:
        """Return an id from the path, whether or not there is such a thing; 0 when it is faulty."""
        return self.identity(("path", name), self._request.path_params[name], context) or 0

    def identity_in_query(self, name: str, context: str) -> int | None:
        """Return an id from the query, whether or not there is such a thing; None when it is absent or faulty."""
        value = self._query.get(name)
        return None if value is None else self.identity(("query", name), value, context)

    def text_in_query(self, name: str, characters_max: int) -> str | None:
        """Return a text from the query, None when it is absent or blank."""
        text = self._text(("query", name), self._query.get(name, ""), characters_max)
        return text if text.strip() else None

    def integer_in_query(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer from the query, `default` when it is absent."""
        value = self._query.get(name)
        return default if value is None else self._within(("query", name), read_integer(value), low, high)

    def clamped_in_query(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer from the query, brought within limits."""
        value = self._query.get(name)
        number = default if value is None else read_integer(value)
        if number is None:
            return self._within(("query", name), None, low, high)
        return max(low, min(high, number))

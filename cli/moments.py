"""How somebody names a moment of the book: by its position, or by the time."""

from datetime import datetime
from typing import Any

import click

POSITION_MAX = 2**63 - 1


class PositionOrTime(click.ParamType[int | datetime]):
    """A position from 1, or a time with an offset."""

    name = "position|time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - of click
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int | datetime:
        """Read it."""
        if isinstance(value, (int, datetime)):
            return value
        if value.isascii() and value.isdecimal() and len(value) < 20 and 0 < int(value) <= POSITION_MAX:  # noqa: PLR2004
            return int(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is no position and no time with an offset, as 2026-02-03T10:20:31Z", param, ctx)
        return moment


POSITION_OR_TIME = PositionOrTime()

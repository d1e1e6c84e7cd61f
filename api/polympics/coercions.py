"""How leniently text and numbers are read here, as the surface's clients are used to."""

import json
import math
import re
from typing import Any
from urllib.parse import parse_qsl

DIGITS_MAX = 4300  # Python reads no more; so long a number is beyond every limit, whatever its other digits are
INTEGER = re.compile(r"\s*+([+-]?)(?=[0-9])0*+([0-9]*+)\s*+", re.ASCII)  # never goes back: a text may be a megabyte


class NotJsonError(Exception):
    """What was sent is not JSON."""

    def __init__(self, msg: str, pos: int, **where: int) -> None:
        super().__init__(msg)
        self.context = {"msg": msg, "pos": pos, **where}


def read_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Read JSON, NaN and Infinity included. Errors: NotJsonError."""
    try:
        return json.loads(raw, parse_int=_read_digits)
    except json.JSONDecodeError as error:
        raise NotJsonError(error.msg, error.pos, lineno=error.lineno, colno=error.colno) from error
    except UnicodeDecodeError as error:
        raise NotJsonError("Not UTF-8", error.start) from error
    except RecursionError as error:
        raise NotJsonError("Too deep", 0) from error


def _read_digits(text: str) -> int:
    return int(text[:DIGITS_MAX])


def read_query(text: bytes) -> dict[str, str]:
    """Read a query; of a key that comes twice the last counts. Bytes that are not UTF-8 become lone surrogates."""
    if not text:
        return {}
    return dict(parse_qsl(text.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape"))


def read_text(value: object) -> str | None:
    """Read a text: numbers and booleans are as good as their names; None for anything else."""
    return str(value) if isinstance(value, str | int | float) else None


def read_integer(value: object) -> int | None:
    """Read an integer: numbers are truncated, digits may be text; None for anything else."""
    match value:
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return int(value)
        case str():
            found = INTEGER.fullmatch(value)
            return int(found[1] + (found[2][:DIGITS_MAX] or "0")) if found else None
        case _:
            return None

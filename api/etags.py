"""What a caller has already, and what it has decided on: strong tags of answers, and the conditions that name them."""

import hashlib
import re
from typing import Literal, NamedTuple

from litestar import Response

from api.parts import Asked

TAG_CHARACTERS = 32
POSITION_TAG = re.compile(r'"([sr])([0-9]{1,19})"')
LISTED_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
ANY = "*"


class MalformedTagError(Exception):
    """If-Match must be a tag that an answer carried."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class PositionTag(NamedTuple):
    """A place in the log that something stood at: `s` for a setting as a whole, `r` for one row of it."""

    letter: Literal["s", "r"]
    position: int

    def __str__(self) -> str:
        return f'"{self.letter}{self.position}"'


def tag_of(content: bytes) -> str:
    """Return the strong tag of these very bytes."""
    return f'"{hashlib.blake2b(content, digest_size=TAG_CHARACTERS // 2).hexdigest()}"'


def tagged(request: Asked, content: bytes, *, private: bool = False) -> Response[bytes]:
    """Answer with JSON and its tag, or with 304 and no body when the caller has it already."""
    tag = tag_of(content)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache" if private else "no-cache"}
    if is_known(request.headers.get("if-none-match", ""), tag):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(content, status_code=200, headers=headers, media_type="application/json")


def is_known(if_none_match: str, tag: str) -> bool:
    """Tell whether If-None-Match names the tag; strong and weak ones are compared alike."""
    return if_none_match.strip() == ANY or tag in LISTED_TAG.findall(if_none_match)


def if_match_of(request: Asked) -> str | None:
    """Return the position tag of If-Match without its quotes, as `s8812`; None when any will do.

    Errors: MalformedTagError.
    """
    text = request.headers.get("if-match", ANY).strip()
    if text == ANY:
        return None
    found = POSITION_TAG.fullmatch(text)
    if not found:
        raise MalformedTagError
    return found[1] + found[2]

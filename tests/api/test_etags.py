"""Tags: what a caller has already, and what it has decided on."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from api.etags import MalformedTagError, PositionTag, if_match_of, is_known, tag_of, tagged


def asked(**headers: str) -> Request[Any, Any, Any]:
    """Return a request with these headers."""
    return RequestFactory().get(headers={name.replace("_", "-"): text for name, text in headers.items()})


def test_a_tag_is_of_the_very_bytes() -> None:
    assert tag_of(b"a") == tag_of(b"a") != tag_of(b"b")
    assert tag_of(b"")[0] == tag_of(b"")[-1] == '"'


@pytest.mark.parametrize("given", ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a" ', "*", " * "])
def test_a_tag_that_is_named_is_known(given: str) -> None:
    assert is_known(given, '"a"')


@pytest.mark.parametrize("given", ["", "a", '"b"', '"a', 'W/"b"', '"*"', '"xa"', "**"])
def test_a_tag_that_is_not_named_is_unknown(given: str) -> None:
    assert not is_known(given, '"a"')


def test_what_is_private_is_said_to_be() -> None:
    answer = tagged(asked(), b"{}", private=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
    answer = tagged(asked(if_none_match="*"), b"{}", private=True)
    assert (answer.status_code, answer.content, answer.headers["Cache-Control"]) == (304, b"", "private, no-cache")


@pytest.mark.parametrize(
    ("given", "tag"), [('"s8812"', "s8812"), (' "r0" ', "r0"), ("*", None), (f'"s{"9" * 19}"', f"s{'9' * 19}")]
)
def test_a_position_is_read_from_its_tag(given: str, tag: str | None) -> None:
    assert if_match_of(asked(if_match=given)) == tag
    assert tag is None or str(PositionTag("r" if tag[0] == "r" else "s", int(tag[1:]))) == given.strip()


def test_who_names_no_tag_takes_any() -> None:
    assert if_match_of(asked()) is None


@pytest.mark.parametrize(
    "given",
    [
        "",
        "s1",
        '"1"',
        '"t1"',
        '"s"',
        '"s-1"',
        '"s1x"',
        'W/"s1"',
        '"s1", "s2"',
        '"s' + "9" * 20 + '"',
    ],
)
def test_what_is_no_tag_of_ours_is_refused(given: str) -> None:
    with pytest.raises(MalformedTagError):
        if_match_of(asked(if_match=given))

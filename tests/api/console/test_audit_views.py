"""How values of the trail look: every kind of JSON, what is withheld, and where it stands."""

from typing import Any

import pytest

from api.console.audit_views import NOTHING, Field, Value, fields_of, value_of
from store.differences import Withheld


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, NOTHING),
        ("", NOTHING),
        ([], NOTHING),
        ({}, NOTHING),
        (0, Value("0", "code")),
        (2**80, Value(str(2**80), "code")),
        (0.5, Value("0.5", "code")),
        (False, Value("no")),
        ("é <b>", Value("é <b>")),
        (["a", 2], Value("a, 2")),
        ({"a": [1, {"b": "é"}]}, Value('{"a": [1, {"b": "é"}]}', "code")),
        ([2**80, None], Value(f"[{2**80}, null]", "code")),
        (Withheld("erased"), Value("erased", "erased")),
        (Withheld("secret"), Value("never shown", "secret")),
        ([{"name": Withheld("sealed")}], Value('[{"name": "(sealed)"}]', "code")),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: Any, shown: Value) -> None:  # noqa: ANN401 - any JSON
    assert value_of(value) == shown


def test_a_state_is_shown_by_paths_with_what_changed() -> None:
    state = {"id": 5, "list": {}, "limits": {"low": 1, "high": {"soft": 2}}}
    assert list(fields_of(state, ["limits.high", "list.0"])) == [
        Field("id", Value("5", "code")),
        Field("list", NOTHING, is_new=True),
        Field("limits.low", Value("1", "code")),
        Field("limits.high.soft", Value("2", "code"), is_new=True),
    ]

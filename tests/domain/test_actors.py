"""Who issues a command, as the log names them."""

import pytest

from domain.permissions import NOBODY, OPERATOR, Actor
from tests.domain.samples import INES, app, session_of


@pytest.mark.parametrize(
    ("actor", "name"),
    [(app(), "apps-1"), (session_of(INES), "accounts-204"), (OPERATOR, "operator"), (NOBODY, "nobody")],
    ids=["app", "session", "operator", "nobody"],
)
def test_an_actor_is_named_by_the_stream_of_who_it_is(actor: Actor, name: str) -> None:
    assert actor.name() == name


def test_the_operator_holds_everything_and_nobody_holds_nothing() -> None:
    assert [OPERATOR.holds(1 << bit) for bit in range(7)] == [True] * 7
    assert not any(NOBODY.holds(1 << bit) for bit in range(7))

"""What a refusal says."""

from domain.awards.aggregate import AwardNotHeldError
from domain.kernel import UnknownError


def test_a_refusal_says_its_docstring() -> None:
    assert str(AwardNotHeldError()) == "The account does not hold the award."


def test_a_refusal_of_something_unknown_carries_what_was_asked_for() -> None:
    refusal = UnknownError("awards", 8)
    assert (refusal.context, refusal.entity_id, refusal.args) == ("awards", 8, ("awards", 8))

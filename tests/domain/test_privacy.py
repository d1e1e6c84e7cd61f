"""Holds, what is handed out, and how long data is kept."""

import pytest

from domain.kernel import UnknownError
from domain.privacy.aggregate import RuleDaysError, RuleTwiceError, RuleUnknownError
from domain.privacy.commands import apply_retention, change_retention, export_subject, place_hold, release_hold
from domain.privacy.events import (
    HoldPlaced,
    HoldReleased,
    RetentionApplied,
    RetentionChanged,
    Rule,
    SubjectExported,
)
from tests.domain.book import given

WHO = "accounts-204"
CASE = HoldPlaced(of=WHO, reference="case 7")
OTHER = HoldPlaced(of=WHO, reference="case 8")
UNSEEN = Rule("unseen_people", 365)


def test_a_hold_is_placed_once() -> None:
    given().when(place_hold, subject=WHO, reference="case 7").then(CASE).again().says_nothing()


def test_several_cases_hold_one_subject_and_each_is_released_by_its_name() -> None:
    released = HoldReleased(of=WHO, reference="case 7")
    given(CASE, OTHER).when(release_hold, subject=WHO, reference="case 7").then(released).again().says_nothing()


@pytest.mark.parametrize("subject", ["accounts-", "accounts-x", "accounts-0204", "guilds-920", "teams-3", "accounts-٣"])
def test_what_can_be_nobody_is_refused(subject: str) -> None:
    given().when(place_hold, subject=subject, reference="case 7").refuses(UnknownError)
    given().when(release_hold, subject=subject, reference="case 7").refuses(UnknownError)
    given().when(export_subject, subject=subject, events=3).refuses(UnknownError)


def test_every_handing_out_is_written_down() -> None:
    said = SubjectExported(of=WHO, events=12)
    given(said).when(export_subject, subject=WHO, events=12).then(said)


def test_rules_of_retention_replace_those_before() -> None:
    changed = RetentionChanged(rules=(UNSEEN,))
    given().when(change_retention, rules=(UNSEEN,)).then(changed).again().says_nothing()
    given(changed).when(change_retention, rules=()).then(RetentionChanged(rules=()))
    given().when(change_retention, rules=()).says_nothing()


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_rule_needs_days_that_make_sense(days: int) -> None:
    given().when(change_retention, rules=(Rule("unseen_people", days),)).refuses(RuleDaysError)


def test_two_rules_for_the_same_people_are_refused() -> None:
    rules = (UNSEEN, Rule("unseen_people", 3))
    given().when(change_retention, rules=rules).refuses(RuleTwiceError)


def test_there_is_no_rule_for_what_nobody_knows() -> None:
    given().when(change_retention, rules=(Rule("secrets", 3),)).refuses(RuleUnknownError)


def test_what_came_of_a_rule_is_written_down_when_anything_did() -> None:
    given().when(apply_retention, data_class="unseen_people", erased=0, held=2).says_nothing()
    said = RetentionApplied(data_class="unseen_people", erased=3, held=2)
    given().when(apply_retention, data_class="unseen_people", erased=3, held=2).then(said)

"""Events that are taken out of the book are written down, each time."""

from typing import Any

from domain.privacy.commands import export_audit
from domain.privacy.events import AuditExported
from tests.domain.book import given

WHO = "apps-310"


def test_whoever_takes_events_out_is_written_down_however_often() -> None:
    what: dict[str, Any] = {"reader": WHO, "query": "guild=920", "first": 1, "last": 30, "reveals": True}
    told = AuditExported(format="csv", **what)
    story = given().when(export_audit, kind="csv", **what).then(told)
    story.again().then(told)

"""The state of the book in the console: who reads the log, what is signed, and how busy it is, drawn and as tables."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from api.console.audit_charts import STEPS, Bar, activity, chart_of, moments_of
from tests.api.console.audits import AUDIT, auditor_of, text_of
from tests.api.console.homes import Visitor
from tests.workers.notary.books import notarize
from tests.world import World

NOW = datetime(2027, 3, 1, 17, 42, tzinfo=UTC)


@pytest.fixture
async def auditor(world: World) -> Visitor:
    return await auditor_of(world)


@pytest.mark.parametrize("period", STEPS)
def test_bars_are_equally_long_and_the_last_is_under_way(period: str) -> None:
    step, count = STEPS[period]
    moments = moments_of(period, NOW)
    assert len(moments) == count + 1
    assert {later - earlier for earlier, later in pairwise(moments)} == {step}
    assert moments[-2] <= NOW < moments[-1]


def test_what_was_recorded_between_two_moments_is_the_difference_of_positions() -> None:
    moments = [NOW.replace(minute=0) + timedelta(hours=hours) for hours in range(4)]
    chart = activity("day", moments, [10, 10, 30, 35])
    assert [bar.count for bar in chart.bars] == [0, 20, 5]
    assert (chart.most, chart.total) == (20, 25)
    assert chart.bars[1] == Bar("01 Mar, 18:00", 20, 100)


def test_where_nothing_was_recorded_nothing_is_drawn() -> None:
    assert chart_of({"teams": 0}).bars == [Bar("teams", 0, 0)]
    assert chart_of({}).most == 0


async def test_figures_are_shown_and_a_checkpoint_can_be_taken_along(
    world: World, auditor: Visitor, shared_database_url: str
) -> None:
    await world.account()
    signed = await notarize(shared_database_url)
    page = await auditor.get(f"{AUDIT}/state")
    text = text_of(page)
    assert "Recorded in the last day, by hour" in text
    assert re.search(r"accounts \d+", text)
    assert re.search(r"notary Signs checkpoints [\d,]+ [\d,]+ (level|behind)", text)
    assert f'href="/book/checkpoints/{signed.size}"' in page.text
    assert "Deliveries that arrived" in text


async def test_every_drawing_has_a_name_and_a_table_that_says_the_same(world: World, auditor: Visitor) -> None:
    await world.account()
    page = await auditor.get(f"{AUDIT}/state?over=month")
    [drawing] = re.findall(r'<svg [^>]*role="img".*?</svg>', page.text, re.DOTALL)
    assert "<title" in drawing
    assert "<desc" in drawing
    drawn = re.findall(r"<title>(.*?): ([\d,]+)</title>", drawing)
    table = page.text.partition("Events by day")[2].partition("</table>")[0]
    assert drawn == re.findall(r'<th scope="row">(.*?)</th><td class="number">([\d,]+)</td>', table)
    assert len(drawn) == 30
    assert int(drawn[-1][1].replace(",", "")) > 0
    assert "style=" not in page.text  # our own pages forbid it


async def test_a_period_that_there_is_not_is_a_day(auditor: Visitor) -> None:
    assert "by hour" in (await auditor.get(f"{AUDIT}/state?over=century")).text

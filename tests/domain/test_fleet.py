"""The rules of a bot's reports."""

from domain.fleet.aggregate import OFFER, REPORT, Offer, Report
from domain.fleet.commands import publish_commands, report_stats
from domain.fleet.events import CommandsPublished, StatsReported
from tests.domain.book import given

READY = {"status": "Ready", "real_latency": 41, "guilds": 12, "uptime": 60, "total_uptime": 600}
WISHES = {"bot": 7, "shards": {"0": READY}, "total_guilds": 12, "total_users": None}
BAN = {"type": 1, "name": "ban"}


def test_a_report_is_said_every_time_since_it_says_when() -> None:
    said = StatsReported(bot=7, shards={"0": READY}, total_guilds=12)
    story = given().when(report_stats, **WISHES).then(said).again().then(said)
    assert story.book.state(REPORT, "fleet-stats-7") == Report(7, {"0": READY}, 12, None)


def test_the_newest_report_counts() -> None:
    story = given().when(report_stats, **WISHES).when(report_stats, bot=7, shards={}, total_guilds=1, total_users=3)
    assert story.book.state(REPORT, "fleet-stats-7") == Report(7, {}, 1, 3)


def test_commands_take_the_place_of_those_before() -> None:
    story = given().when(publish_commands, bot=7, commands=(BAN,))
    story.then(CommandsPublished(bot=7, commands=(BAN,))).again().says_nothing()
    story.when(publish_commands, bot=7, commands=()).then(CommandsPublished(bot=7)).again().says_nothing()
    assert story.book.state(OFFER, "fleet-commands-7") == Offer(7, ())


def test_a_bot_that_offers_nothing_says_so_once() -> None:
    given().when(publish_commands, bot=7, commands=()).then(CommandsPublished(bot=7)).again().says_nothing()

"""What the guides say is what the code does: settings, routes, topics and figures."""

import re
from pathlib import Path

import msgspec
import pytest

from api.asyncapi import PATH as ASYNCAPI
from api.openapi import PATH as OPENAPI
from schemas.callbacks import DELIVERY_STATES, OVERLAP_HOURS_MAX, NewSecret
from schemas.settings import PREFIX, Settings
from workers.callbacks import post, schedule, sender
from workers.kafka import asking, relay, source

ROOT = Path(__file__).parents[1]
GUIDES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
WEBHOOKS, KAFKA = GUIDES["webhooks.md"], GUIDES["kafka.md"]
OF_THE_DEMO = {"BOT", "APP"}  # what `demo.env` names
SPOKEN = {
    *(f"{field.name.upper()}" for field in msgspec.structs.fields(Settings)),
    *OF_THE_DEMO,
}


def default(name: str) -> object:
    """Return a setting's default."""
    return getattr(Settings(), name)


@pytest.mark.parametrize("guide", [WEBHOOKS, KAFKA], ids=["webhooks", "kafka"])
def test_every_setting_that_is_named_exists(guide: str) -> None:
    assert set(re.findall(rf"{PREFIX}([A-Z_]+)", guide)) - SPOKEN == set()


@pytest.mark.parametrize("guide", [WEBHOOKS, KAFKA], ids=["webhooks", "kafka"])
def test_every_route_that_is_named_exists(guide: str) -> None:
    paths = msgspec.json.decode(OPENAPI.read_bytes())["paths"]
    routes = {(method.upper(), re.sub(r"\{.*?\}", "{}", path)) for path, it in paths.items() for method in it}
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/{}-]+)", guide)
    assert {(method, re.sub(r"\{.*?\}", "{}", path)) for method, path in named} - routes == set()


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_leads_somewhere(name: str) -> None:
    for path, place in re.findall(r"\]\(([\w./-]*\.md)(?:#([\w-]+))?\)", GUIDES[name]):
        text = (ROOT / "docs" / path).resolve().read_text()
        headings = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
        assert not place or place in headings, (path, place)


def test_every_topic_that_is_named_is_described() -> None:
    channels = msgspec.json.decode(ASYNCAPI.read_bytes())["channels"].values()
    topics = {it["address"].replace("{prefix}", "guildbook") for it in channels if it["address"]}
    named = set(re.findall(r"[`\"](guildbook\.[a-z.]*[a-z])[`\"]", KAFKA))
    assert named
    assert named - topics == set()


def test_the_figures_of_callbacks_are_those_that_are_kept() -> None:
    assert f"within {default('callback_timeout_seconds')} seconds" in WEBHOOKS
    assert f"for {default('callback_failing_hours_max')} hours" in WEBHOOKS
    assert f"about {default('callback_pending_max')} deliveries" in WEBHOOKS
    assert f"kept for {default('delivery_days')} days" in WEBHOOKS
    assert f"have {default('callbacks_of_an_app_max')} callbacks" in WEBHOOKS
    assert f"Up to {sender.ENDPOINT_CONCURRENCY_MAX} deliveries" in WEBHOOKS
    assert f"({NewSecret().overlap_hours} hours unless you say otherwise, {OVERLAP_HOURS_MAX} at most)" in WEBHOOKS
    assert schedule.RETRY_AFTER_SECONDS_MAX == 24 * 3600
    assert "at most a day" in WEBHOOKS
    assert post.RESPONSE_BYTES_MAX == 1024
    assert "the first kilobyte" in WEBHOOKS


def test_the_states_of_deliveries_are_those_that_there_are() -> None:
    table = WEBHOOKS[WEBHOOKS.index("| state |") :].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(DELIVERY_STATES)


def test_the_figures_of_kafka_are_those_that_are_kept() -> None:
    later = ", ".join(f"`{status}`" for status in sorted(asking.LATER))
    assert f"| {later}, or nothing; `409` with `Retry-After` |" in KAFKA
    assert asking.FAILURES_MAX == 5
    assert "another `5xx` five times" in KAFKA
    assert f"up to {relay.BATCH_EVENTS_MAX} positions" in KAFKA
    assert source.PATIENCE_SECONDS == 1
    assert "within a\nsecond is read from the log" in KAFKA
    assert default("kafka_retention_hours") == 7 * 24

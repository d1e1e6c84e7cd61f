"""Callbacks over HTTP: subscribed, replaced, shown, ended."""

import pytest

from schemas.polympics import CALLBACK_EVENTS
from tests.world import Caller, World, fault, refused

ONLY_APPS = (401, "Only apps may use this endpoint.")
NOT_REGISTERED = (404, "No callback registered for this event.")
BODY = {"url": "https://bot.example.org/hook", "secret": "sample-only"}
EVENT = "/callback/account_team_update"
UNKNOWN_EVENT = fault(
    ["path", "event"],
    "value is not a valid enumeration member; permitted: 'account_team_update', 'award_granted', 'award_revoked',"
    " 'account_created', 'account_deleted', 'team_deleted'",
    "type_error.enum",
    enum_values=list(CALLBACK_EVENTS),
)


@pytest.mark.parametrize("event", CALLBACK_EVENTS)
async def test_an_app_without_any_permission_subscribes_to_every_event(world: World, event: str) -> None:
    app = await world.app(0)
    put = await app.put(f"/callback/{event}", BODY)
    callback = put.json()
    assert (put.status_code, list(callback)) == (200, ["id", "event", "url"])
    assert (callback["event"], callback["url"]) == (event, BODY["url"])
    shown = await app.get(f"/callback/{event}")
    assert (shown.status_code, shown.json()) == (200, callback)
    assert (await app.get("/callbacks")).json() == {"callbacks": {event: BODY["url"]}}


async def test_a_callback_is_overridden_and_keeps_its_id(world: World) -> None:
    app = await world.app(0)
    first = (await app.put(EVENT, BODY)).json()
    second = await app.put(EVENT, {"url": "https://203.0.113.7:8443/x?y#z", "secret": ""})
    assert (second.status_code, second.json()) == (200, {**first, "url": "https://203.0.113.7:8443/x?y#z"})
    assert (await app.get(EVENT)).json() == second.json()


async def test_registering_the_same_callback_again_says_nothing_new(world: World) -> None:
    app = await world.app(0)
    first, second = await app.put(EVENT, BODY), await app.put(EVENT, BODY)
    assert second.json() == first.json()
    assert second.headers["Guildbook-Position"] == first.headers["Guildbook-Position"]


async def test_a_callback_is_removed_once(world: World) -> None:
    app = await world.app(0)
    await app.put(EVENT, BODY)
    removed = await app.delete(EVENT)
    assert (removed.status_code, removed.content) == (204, b"")
    assert refused(await app.get(EVENT)) == NOT_REGISTERED
    assert refused(await app.delete(EVENT)) == NOT_REGISTERED
    assert (await app.get("/callbacks")).json() == {"callbacks": {}}


async def test_an_app_sees_its_own_callbacks_only(world: World) -> None:
    ours, theirs = await world.app(0), await world.app()
    await ours.put(EVENT, BODY)
    assert (await theirs.get("/callbacks")).json() == {"callbacks": {}}
    assert refused(await theirs.get(EVENT)) == NOT_REGISTERED
    assert refused(await theirs.delete(EVENT)) == NOT_REGISTERED


async def test_callbacks_are_for_apps_only(world: World) -> None:
    for caller in (await world.member(None, 111), Caller(world.http, "A999999", "wrong")):
        assert refused(await caller.put(EVENT, BODY)) == ONLY_APPS
        assert refused(await caller.get(EVENT)) == ONLY_APPS
        assert refused(await caller.delete(EVENT)) == ONLY_APPS
        assert refused(await caller.get("/callbacks")) == ONLY_APPS


async def test_what_is_wrong_is_said_before_who_may_ask(world: World) -> None:
    member = await world.member()
    for method in ("GET", "DELETE"):
        assert refused(await member.ask(method, "/callback/nothing")) == (422, [UNKNOWN_EVENT])
    answer = await member.put("/callback/nothing", {"url": "x"})
    assert refused(answer) == (422, [
        UNKNOWN_EVENT,
        fault(["body", "secret"], "field required", "value_error.missing"),
        fault(["body", "url"], "invalid or missing URL scheme", "value_error.url.scheme"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("url", "msg", "kind"),
    [
        ("", "invalid or missing URL scheme", "scheme"),
        ("example.org/hook", "invalid or missing URL scheme", "scheme"),
        ("://example.org", "invalid or missing URL scheme", "scheme"),
        ("ftp://example.org", "URL scheme not permitted", "scheme"),
        ("http://", "URL host invalid", "host"),
        ("http://a..example.org", "URL host invalid", "host"),
        ("http://exa mple.org", "URL host invalid", "host"),
        ("http://example.org/a b", "URL host invalid", "host"),
        ("http://example.org/\nx", "URL host invalid", "host"),
        ("http://example.org:99999", "URL host invalid", "host"),
        ("http://[zz]/", "URL host invalid", "host"),
        ("http://999.1.1.1/", "URL host invalid", "host"),
        ("http://localhost/hook", "URL host invalid, top level domain required", "host"),
        ("http://127/", "URL host invalid, top level domain required", "host"),
    ],
)
async def test_a_callback_url_that_cannot_be_called_is_refused(world: World, url: str, msg: str, kind: str) -> None:
    answer = await world.manager.put(EVENT, {"url": url, "secret": "x"})
    assert refused(answer) == (422, [fault(["body", "url"], msg, f"value_error.url.{kind}")])


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x", "http://[::1]/", "HTTPS://Example.ORG.", "http://münchen.example", "http://a_b.example"],
)
async def test_a_callback_url_may_name_any_host(world: World, url: str) -> None:
    app = await world.app(0)
    assert (await app.put(EVENT, {"url": url, "secret": "x"})).json()["url"] == url


async def test_texts_of_a_callback_are_limited(world: World) -> None:
    long = "ensure this value has at most 2047 characters"
    kind = "value_error.any_str.max_length"
    body = {"url": "https://example.org/" + "x" * 2028, "secret": "x" * 2048}
    assert refused(await world.manager.put(EVENT, body)) == (422, [
        fault(["body", "url"], long, kind, limit_value=2047), fault(["body", "secret"], long, kind, limit_value=2047),
    ])  # fmt: skip
    assert (await world.manager.put(EVENT, {"url": body["url"][:-1], "secret": "x" * 2047})).status_code == 200


@pytest.mark.parametrize("secret", ["a\nb", "a\rb", "\t", "a\x00", "\x7f", "\x85"])
async def test_a_secret_that_is_no_header_is_refused(world: World, secret: str) -> None:
    answer = await world.manager.put(EVENT, {"url": BODY["url"], "secret": secret})
    assert refused(answer) == (422, [fault(["body", "secret"], "characters not allowed")])


async def test_a_secret_is_never_shown(world: World) -> None:
    app = await world.app(0)
    answers = [await app.put(EVENT, BODY), await app.get(EVENT), await app.get("/callbacks")]
    assert [answer for answer in answers if BODY["secret"] in answer.text] == []

"""Callbacks over HTTP: added, read back, edited and removed; by their own bot, and by nobody else."""

import asyncio
import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.catalogue import EVENTS
from domain.processes.add_callback import add_callback
from domain.processes.register_callback import register_callback
from tests.api.book.loading import done
from tests.api.book.problems import faults, refused
from tests.api.book.subscribing import CALLBACKS, KNOWN_SECRET, URL, path_of, subscribe, without_secret
from tests.books import ask
from tests.world import Bot, World

FIGURES = {
    "pending": 0,
    "delivered": 0,
    "dead": 0,
    "position": 0,
    "failing_since": None,
    "last_success_at": None,
    "last_failure_at": None,
}


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def test_a_callback_is_added_and_read_back_without_its_secret(bot: Bot) -> None:
    wishes = {
        "types": ["guilds.RoleCreated", "guilds.RoleCreated"],
        "contexts": ["loads"],
        "guilds": ["920", 921],
        "description": "for the dashboard",
    }
    answer = await bot.post(CALLBACKS, {"url": URL, **wishes})
    added = done(answer, 201)
    assert int(answer.headers["Guildbook-Position"])
    assert 24 <= len(base64.b64decode(added["secret"].removeprefix("whsec_"), validate=True)) <= 64
    assert added == {
        "id": added["id"],
        "bot_id": str(bot.id),
        "dialect": "book",
        "url": URL,
        "signing": "hmac",
        "types": ["guilds.RoleCreated"],
        "contexts": ["loads"],
        "guilds": ["920", "921"],
        "description": "for the dashboard",
        "status": "active",
        "status_since": added["created_at"],
        "created_at": added["created_at"],
        "figures": FIGURES,
        "secret": added["secret"],
    }
    shown = done(await bot.get(path_of(added)))
    assert shown.pop("figures")["pending"] == 0
    assert shown == {name: value for name, value in added.items() if name not in ("secret", "figures")}


async def test_a_secret_that_is_given_is_taken(bot: Bot) -> None:
    assert (await subscribe(bot, secret=KNOWN_SECRET))["secret"] == KNOWN_SECRET


async def test_the_public_half_of_a_key_is_shown_to_those_who_verify(bot: Bot) -> None:
    added = await subscribe(bot, signing="ed25519")
    seed = base64.b64decode(added["secret"].removeprefix("whsk_"), validate=True)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert added["public_key"] == f"whpk_{base64.b64encode(public).decode()}"
    assert done(await bot.get(path_of(added)))["public_key"] == added["public_key"]


async def test_who_asks_again_under_a_key_has_added_one_and_is_not_told_the_secret_again(
    bot: Bot, shared_database_url: str
) -> None:
    headers = {"Idempotency-Key": f"k{bot.id}"}
    first, again = [done(await bot.post(CALLBACKS, {"url": URL}, headers=headers), 201) for _ in range(2)]
    assert again == without_secret(first)
    assert [each["id"] for each in done(await bot.get(CALLBACKS))["items"]] == [first["id"]]
    kept = ask(shared_database_url, "SELECT body FROM operations.keyed_requests WHERE key = %s", f"k{bot.id}")
    assert first["secret"].encode() not in bytes(kept[0][0])  # pyright: ignore[reportArgumentType]


async def test_no_secret_is_stored_in_clear(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot, secret=KNOWN_SECRET)
    stream = f"callbacks-{bot.id}-{added['id']}"
    [(data,)] = ask(shared_database_url, "SELECT data FROM book.log WHERE stream = %s", stream)
    assert KNOWN_SECRET.encode() not in bytes(data)  # pyright: ignore[reportArgumentType]
    assert URL.encode() in bytes(data)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a.example.org", "must begin with https:// or http://"),
        ("a.example.org", "must begin with https:// or http://"),
        ("https://ines@a.example.org", "must have no user name and no password"),
        ("https://:hush@a.example.org", "must have no user name and no password"),
        ("https://a.example.org/a b", "must have no spaces, backslashes and control characters"),
        ("https://a.example.org/\r\nX: y", "must have no spaces, backslashes and control characters"),
        ("https://a.example.org\\@10.0.0.1/", "must have no spaces, backslashes and control characters"),
        ("https://a.example.org:99999", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://", "must have a host: a name, or an address as it is usually written"),
        ("https://2130706433/", "must have a host: a name, or an address as it is usually written"),
        ("https://0x7f.1/", "must have a host: a name, or an address as it is usually written"),
        ("https://127.0.0.1/", "127.0.0.1 is not a public address"),
        ("https://１２７。0。0。1/", "127.0.0.1 is not a public address"),  # noqa: RUF001 - as it may be spelt
        ("https://169.254.169.254/latest", "169.254.169.254 is not a public address"),
        ("https://[::ffff:10.0.0.1]/", "::ffff:a00:1 is not a public address"),
        ("https://[fd00:ec2::254]/", "fd00:ec2::254 is not a public address"),
        ("https://localhost:8080/", "localhost is not a name of the public internet"),
        ("https://a.localhost./", "a.localhost. is not a name of the public internet"),
        ("https://receiver/", "receiver is not a name of the public internet"),
        ("", "Expected `str` of length >= 1"),
        ("https://a.example.org/" + "x" * 2026, "Expected `str` of length <= 2047"),
        (7, "Expected `str`, got `int`"),
    ],
)
async def test_a_url_that_cannot_be_sent_to_is_refused(bot: Bot, url: object, said: str) -> None:
    assert faults(await bot.post(CALLBACKS, {"url": url})) == {"/url": said}


@pytest.mark.parametrize("url", ["http://a.example.org", "https://bücher.example:8443/a?b=c", "https://8.8.8.8/x"])
async def test_a_url_of_the_public_internet_is_taken_as_it_is(bot: Bot, url: str) -> None:
    assert (await subscribe(bot, url=url))["url"] == url


async def test_private_addresses_may_be_allowed(world: World, curt: World) -> None:
    for url in ("http://127.0.0.1:9000/hook", "http://receiver:9000/", "http://localhost/"):
        bot = (await world.bot()).at(curt.http)
        assert (await subscribe(bot, url=url))["url"] == url
    assert list(faults(await bot.post(CALLBACKS, {"url": "http://2130706433/"}))) == ["/url"]


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"types": ["guilds.RoleCreated", "guilds.RoleMade"]}, ["/types/1"]),
        ({"contexts": ["guilds", "", "cats"]}, ["/contexts/1"]),
        ({"contexts": ["cats"]}, ["/contexts/0"]),
        ({"guilds": ["x"]}, ["/guilds/0"]),
        ({"guilds": [str(2**63)]}, ["/guilds/0"]),
        ({"guilds": ["5"] * 101}, ["/guilds"]),
        ({"signing": "rsa"}, ["/signing"]),
        ({"secret": "hush"}, ["/secret"]),
        ({"secret": KNOWN_SECRET, "signing": "ed25519"}, ["/secret"]),
        ({"description": "x" * 256}, ["/description"]),
        ({"types": None, "extra": 1}, ["/extra", "/types"]),
    ],
)
async def test_every_fault_of_a_wish_is_named(bot: Bot, change: dict[str, Any], pointers: list[str]) -> None:
    assert list(faults(await bot.post(CALLBACKS, {"url": URL, **change}))) == pointers


async def test_who_misspells_a_type_is_told_which_there_are(bot: Bot) -> None:
    said = faults(await bot.post(CALLBACKS, {"url": URL, "types": ["x"], "contexts": ["x"]}))
    assert all(name in said["/types/0"] for name in EVENTS)
    assert "accounts, apps, awards" in said["/contexts/0"]
    assert faults(await bot.post(CALLBACKS, {})) == {"/url": "is missing"}


async def test_an_app_has_so_many_callbacks_and_no_more(world: World, curt: World) -> None:
    bot = (await world.bot()).at(curt.http)
    first, _ = [await subscribe(bot) for _ in range(2)]
    answer = await bot.post(CALLBACKS, {"url": URL})
    assert refused(answer) == (409, "The app has as many callbacks as one may have. 2")
    done(await bot.delete(path_of(first)), 204)
    await subscribe(bot)


async def test_no_more_are_added_at_the_same_moment_than_may(world: World, curt: World) -> None:
    bot = (await world.bot()).at(curt.http)
    answers = await asyncio.gather(*(bot.post(CALLBACKS, {"url": URL}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6


async def test_callbacks_are_listed_page_by_page_oldest_first(bot: Bot) -> None:
    first, second, third = [without_secret(await subscribe(bot, description=word)) for word in "abc"]
    page = done(await bot.get(f"{CALLBACKS}?limit=2"))
    assert [each["description"] for each in page["items"]] == ["a", "b"]
    rest = done(await bot.get(f"{CALLBACKS}?limit=2&cursor={page['next_cursor']}"))
    assert ([each["id"] for each in rest["items"]], rest["next_cursor"]) == ([third["id"]], None)
    done(await bot.post(path_of(second, "pause")))
    paused = done(await bot.get(f"{CALLBACKS}?status=paused"))["items"]
    assert [each["id"] for each in paused] == [second["id"]]
    assert first["id"] not in [each["id"] for each in paused]


@pytest.mark.parametrize("query", ["status=x", "limit=0", "cursor=x", "bot_id=x"])
async def test_a_list_of_callbacks_is_not_asked_for_like_this(bot: Bot, query: str) -> None:
    assert refused(await bot.get(f"{CALLBACKS}?{query}"))[0] == 400


async def test_an_edit_changes_what_it_names(bot: Bot) -> None:
    added = await subscribe(bot, contexts=["loads"], description="old")
    path = path_of(added)
    change = {"url": "https://b.example.org/", "types": ["loads.LoadStarted"], "contexts": [], "guilds": ["5"]}
    edited = done(await bot.patch(path, {**change, "description": None}))
    assert {name: edited[name] for name in change} == change
    assert (edited["description"], edited["created_at"]) == ("old", added["created_at"])
    shown = done(await bot.get(path))
    assert {name: shown[name] for name in change} == change
    position = (await bot.patch(path, change)).headers["Guildbook-Position"]
    assert (await bot.patch(path, {})).headers["Guildbook-Position"] == position  # nothing new was said


async def test_an_edit_is_held_to_the_same_rules(bot: Bot) -> None:
    path = path_of(await subscribe(bot))
    body = {"url": "https://10.0.0.1/", "types": ["x"], "secret": KNOWN_SECRET}
    assert list(faults(await bot.patch(path, body))) == ["/secret", "/url", "/types/0"]


async def test_a_callback_is_removed_once(bot: Bot) -> None:
    path = path_of(await subscribe(bot))
    answer = await bot.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for again in (await bot.get(path), await bot.delete(path), await bot.patch(path, {})):
        assert again.status_code == 404


@pytest.mark.parametrize("name", ["nope", "0", "9" * 19, "9" * 20, "-1", "1.0", "%00", "é", "٣", "a%2Fb"])
async def test_a_callback_that_is_not_there(bot: Bot, name: str) -> None:
    assert (await bot.get(f"{CALLBACKS}/{name}")).status_code == 404
    assert (await bot.delete(f"{CALLBACKS}/{name}")).status_code == 404


async def test_callbacks_of_the_other_dialect_are_shown_and_cannot_be_edited(world: World) -> None:
    bot = await world.bot()
    made = await polympics_callback(world, bot)
    [shown] = done(await bot.get(CALLBACKS))["items"]
    assert (shown["id"], shown["dialect"], shown["event"]) == (str(made), "polympics", "account_deleted")
    assert done(await bot.get(path_of(shown))) == shown
    for answer in (
        await bot.patch(path_of(shown), {"types": ["loads.LoadStarted"]}),
        await bot.post(path_of(shown, "rotate")),
    ):
        status, detail = refused(answer)
        assert (status, detail[:51]) == (409, "The callback was registered on the Polympics surfac")
    status, detail = refused(await bot.post(path_of(shown, "replay"), {"after": 0}))
    assert (status, detail) == (409, "What a Polympics callback was told is not kept, so it cannot be told it again.")
    for deed, status in (("pause", "paused"), ("resume", "active")):
        assert done(await bot.post(path_of(shown, deed)))["status"] == status
    done(await bot.post(path_of(shown, "test")), 202)
    done(await bot.delete(path_of(shown)), 204)


async def polympics_callback(world: World, bot: Bot) -> int:
    return await world.do(register_callback, app=bot.id, event="account_deleted", url=URL, secret="x")


async def test_the_other_surface_does_not_show_these(world: World) -> None:
    app = await world.app()
    await world.do(add_callback, app=int(app.username[1:]), url=URL, secret=KNOWN_SECRET)
    assert json.loads((await app.get("/callbacks")).content) == {"callbacks": {}}


async def test_the_log_shows_no_secret_to_its_owner(bot: Bot) -> None:
    added = await subscribe(bot, secret=KNOWN_SECRET)
    stream = f"callbacks-{bot.id}-{added['id']}"
    [event] = done(await bot.get(f"/book/events?stream={stream}"))["items"]
    assert event["data"]["url"] == URL
    assert "secret" not in event["data"]
    assert KNOWN_SECRET not in json.dumps(event)

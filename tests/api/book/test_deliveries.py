"""The log of deliveries over HTTP: read page by page, with every attempt; and one delivery sent again."""

import pytest

from domain.processes.register_callback import register_callback
from tests.api.book.loading import done
from tests.api.book.problems import refused
from tests.api.book.subscribing import CALLBACKS, URL, deliver, path_of, subscribe
from tests.books import ask
from tests.world import Bot, World

GONE = (404, "There is no such delivery to this callback, or it was too long ago.")


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def test_a_delivery_is_shown_with_its_attempts(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    name = deliver(shared_database_url, added, 7, "dead")
    shown = done(await bot.get(path_of(added, "deliveries", name)))
    assert shown == {
        "id": name,
        "callback_id": added["id"],
        "position": 7,
        "type": "guilds.RoleCreated",
        "stream": "guilds-role-9-8",
        "state": "dead",
        "created_at": shown["created_at"],
        "due_at": None,
        "finished_at": "2027-01-01T00:00:05Z",
        "attempts": [
            {
                "number": 1,
                "started_at": "2027-01-01T00:00:00Z",
                "duration_ms": 12,
                "status": 503,
                "error": "HTTP 503",
                "response": "busy",
            }
        ],
    }
    assert done(await bot.get(path_of(added, "deliveries")))["items"] == [shown]


async def test_deliveries_are_listed_newest_first_by_state_and_from_a_position_on(
    bot: Bot, shared_database_url: str
) -> None:
    added = await subscribe(bot)
    states = {7: "delivered", 8: "dead", 9: "pending", 10: "delivered"}
    for position, state in states.items():
        deliver(shared_database_url, added, position, state)

    async def positions(query: str) -> list[int]:
        return [each["position"] for each in done(await bot.get(f"{path_of(added, 'deliveries')}?{query}"))["items"]]

    assert await positions("") == [10, 9, 8, 7]
    assert await positions("state=delivered") == [10, 7]
    assert await positions("before=10&limit=2") == [9, 8]
    page = done(await bot.get(f"{path_of(added, 'deliveries')}?before=10&limit=2"))
    assert await positions(f"before=10&limit=2&cursor={page['next_cursor']}") == [7]


async def test_what_waits_says_when_it_is_tried_next_and_what_waits_for_another_does_not(
    bot: Bot, shared_database_url: str
) -> None:
    added = await subscribe(bot)
    deliver(shared_database_url, added, 7, "pending")
    deliver(shared_database_url, added, 8, "pending", due_at="infinity")
    items = done(await bot.get(path_of(added, "deliveries")))["items"]
    assert [each["due_at"] for each in items] == [None, "2027-01-01T00:00:07Z"]
    assert done(await bot.get(path_of(added)))["figures"]["pending"] == 2


@pytest.mark.parametrize("query", ["state=lost", "before=x", "before=-1", "limit=0", "cursor=x"])
async def test_deliveries_are_not_asked_for_like_this(bot: Bot, query: str) -> None:
    assert refused(await bot.get(f"{path_of(await subscribe(bot), 'deliveries')}?{query}"))[0] == 400


async def test_the_figures_say_how_a_callback_does(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    deliver(shared_database_url, added, 70, "pending")
    ask(
        shared_database_url,
        """
            INSERT INTO operations.callback_figures
                (callback, delivered, dead, failing_since, last_success_at, last_failure_at)
            VALUES (%s, 12, 3, '2027-01-02T00:00:00Z', '2027-01-01T00:00:00Z', '2027-01-03T00:00:00Z')
        """,
        added["id"],
    )
    figures = done(await bot.get(path_of(added)))["figures"]
    assert figures == {
        "pending": 1,
        "delivered": 12,
        "dead": 3,
        "position": figures["position"],
        "failing_since": "2027-01-02T00:00:00Z",
        "last_success_at": "2027-01-01T00:00:00Z",
        "last_failure_at": "2027-01-03T00:00:00Z",
    }
    assert figures["position"] <= 69
    assert [each["figures"] for each in done(await bot.get(CALLBACKS))["items"]] == [figures]


async def test_a_delivery_is_sent_again_as_often_as_is_asked(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    name = deliver(shared_database_url, added, 7)
    path, query = path_of(added, "deliveries", name, "resend"), "SELECT data FROM book.log WHERE position = %s"
    for _ in range(2):
        answer = await bot.post(path)
        assert done(answer, 202)["id"] == name
        [(data,)] = ask(shared_database_url, query, answer.headers["Guildbook-Position"])
        assert name.encode() in bytes(data)  # pyright: ignore[reportArgumentType]


async def test_what_is_on_its_way_is_not_sent_again(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    name = deliver(shared_database_url, added, 7, "pending")
    assert refused(await bot.post(path_of(added, "deliveries", name, "resend"))) == (409, "It is on its way already.")


@pytest.mark.parametrize(
    ("state", "status"), [("dead", 202), ("blocked", 202), ("delivered", 409), ("superseded", 409), ("cancelled", 409)]
)
async def test_of_the_other_dialect_is_sent_again_what_has_not_arrived(
    world: World, bot: Bot, shared_database_url: str, state: str, status: int
) -> None:
    await world.do(register_callback, app=bot.id, event="account_deleted", url=URL, secret="x")
    [callback] = done(await bot.get(CALLBACKS))["items"]
    name = deliver(shared_database_url, callback, 7, state)
    answer = await bot.post(path_of(callback, "deliveries", name, "resend"))
    assert answer.status_code == status
    if status == 409:
        gone = "What a Polympics callback was told is kept until it arrives only: it is gone."
        assert refused(answer) == (409, gone)


@pytest.mark.parametrize("name", ["msg_8_0", "x", "%00", "é", "m" * 500])
async def test_a_delivery_that_is_not_there(bot: Bot, name: str) -> None:
    added = await subscribe(bot)
    assert refused(await bot.get(path_of(added, "deliveries", name))) == GONE
    assert refused(await bot.post(path_of(added, "deliveries", name, "resend"))) == GONE


async def test_the_delivery_of_another_callback_is_not_there(bot: Bot, shared_database_url: str) -> None:
    added, other = await subscribe(bot), await subscribe(bot)
    name = deliver(shared_database_url, other, 7)
    assert refused(await bot.get(path_of(added, "deliveries", name))) == GONE
    assert refused(await bot.post(path_of(added, "deliveries", name, "resend"))) == GONE

"""What reaches an endpoint of /book: what it filters, what its owner may see, in order, and signed."""

from domain.apps import commands as apps
from domain.guilds.aggregate import MEMBER
from domain.guilds.events import MemberJoined, MemberLeft
from domain.kernel import Book
from tests.books import until
from tests.workers.callbacks.community import Community
from tests.workers.callbacks.hooks import AWAY, BOT, HOME, Hooks, fanning, position_in
from tests.workers.callbacks.receivers import Clock, Receiver, end, open_receiver, sending

ROLE_CREATED = "guilds.RoleCreated"


async def arrived(receiver: Receiver, count: int) -> list[int]:
    """Return the positions of what came, when it is so much."""
    return [position_in(received) for received in await receiver.came(count)]


async def test_what_happens_after_it_was_added_is_told_in_order(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.say(1)
    await hooks.add(receiver.url)
    said = await hooks.say(1, 1, 1)
    async with fanning(database_url), sending(database_url, clock):
        assert await arrived(receiver, 3) == said
        later = await hooks.say(1, 1)
        assert await arrived(receiver, 5) == said + later


async def test_filters_name_types_contexts_and_guilds(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    async with open_receiver() as of_type, open_receiver() as of_context, open_receiver() as of_guild:
        await hooks.add(of_type.url, types=("apps.AppEdited",))
        await hooks.add(of_context.url, contexts=("guilds",))
        await hooks.add(of_guild.url, guilds=(AWAY,))
        await hooks.add(receiver.url)
        [home], [away] = await hooks.say(1), await hooks.say(1, guild=AWAY)
        await hooks.do(apps.edit_app, app=BOT, name="other")
        async with fanning(database_url), sending(database_url, clock):
            assert await arrived(receiver, 3) == [home, away, away + 1]
            assert await arrived(of_type, 1) == [away + 1]
            assert await arrived(of_context, 2) == [home, away]
            assert await arrived(of_guild, 1) == [away]


async def test_a_callback_that_is_added_while_others_are_filtered_misses_nothing(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    async with open_receiver() as narrow:
        await hooks.add(narrow.url, types=("apps.AppEdited",))
        await hooks.add(receiver.url, contexts=("guilds",))
        said = await hooks.say(1, 2, 3)
        async with fanning(database_url), sending(database_url, clock):
            assert sorted(await arrived(receiver, 3)) == said
            assert narrow.received == []


async def test_a_bot_is_told_of_the_guilds_that_it_is_in_as_it_comes_and_goes(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot(scopes=())
    await stands(hooks, MemberJoined(guild=HOME, user=BOT, bot=True))
    await hooks.community.project()
    await hooks.add(receiver.url, types=(ROLE_CREATED,))
    async with fanning(database_url), sending(database_url, clock):
        [home] = await hooks.say(1)
        assert await arrived(receiver, 1) == [home]
        await hooks.say(1, guild=AWAY)
        await stands(hooks, MemberJoined(guild=AWAY, user=BOT, bot=True), MemberLeft(guild=HOME, user=BOT))
        await hooks.say(2)
        [away] = await hooks.say(2, guild=AWAY)
        assert await arrived(receiver, 2) == [home, away]


async def test_a_token_for_some_guilds_shows_those_only_and_as_it_is_now(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot(guilds=(HOME,))
    await hooks.add(receiver.url, types=(ROLE_CREATED,))
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1, guild=AWAY)
        [home] = await hooks.say(1)
        assert await arrived(receiver, 1) == [home]
        await hooks.do(apps.reset_bot_token, app=BOT, guilds=(AWAY,))
        await hooks.say(2)
        [away] = await hooks.say(2, guild=AWAY)
        assert await arrived(receiver, 2) == [home, away]


async def test_what_is_sealed_is_told_to_nobody(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.add(receiver.url)
    await hooks.community.join(1, name="Ines de Castro")
    await hooks.bot(app=BOT + 1)
    async with fanning(database_url), sending(database_url, clock):
        bodies = [received.body for received in await receiver.came(3)]
    assert any(b"accounts.AccountCreated" in body for body in bodies)
    assert not any(word in body for body in bodies for word in (b"Ines", b"sealed", b"token_hash"))


async def test_a_removed_callback_is_told_nothing_more(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add("http://127.0.0.1:1/")
    await hooks.say(1, 2)
    await hooks.remove(callback)
    await hooks.add(receiver.url)
    [last] = await hooks.say(3)
    async with fanning(database_url), sending(database_url, clock):
        assert await arrived(receiver, 1) == [last]
    assert await hooks.states_of(callback) == ["cancelled", "cancelled"]
    assert await hooks.held_back() == {}


async def test_a_fan_out_that_starts_again_tells_nothing_twice(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.add(receiver.url)
    async with sending(database_url, clock):
        said: list[int] = []
        for _ in range(3):
            async with fanning(database_url):
                said += await hooks.say(1)
                assert await arrived(receiver, len(said)) == said


async def test_of_two_fan_outs_one_acts_and_the_other_takes_over(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.add(receiver.url)
    async with fanning(database_url) as first, fanning(database_url) as second, sending(database_url, clock):
        said = await hooks.say(1, 1)
        assert await arrived(receiver, 2) == said
        await end(first)
        said += await hooks.say(1)
        assert await arrived(receiver, 3) == said
        assert not second.done()


async def test_a_bot_that_adds_its_only_callback_anew_is_told_what_it_may_see_then(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot(scopes=())
    await stands(hooks, MemberJoined(guild=HOME, user=BOT, bot=True))
    await hooks.community.project()
    callback = await hooks.add(receiver.url, types=(ROLE_CREATED,))
    async with fanning(database_url), sending(database_url, clock):
        [home] = await hooks.say(1)
        assert await arrived(receiver, 1) == [home]
        await hooks.remove(callback)
        await until(lambda: is_level(hooks))
        await stands(hooks, MemberLeft(guild=HOME, user=BOT), MemberJoined(guild=AWAY, user=BOT, bot=True))
        await hooks.add(receiver.url, types=(ROLE_CREATED,))
        await hooks.say(2)
        [away] = await hooks.say(2, guild=AWAY)
        assert await arrived(receiver, 2) == [home, away]


async def test_a_bot_that_leaves_a_guild_just_before_it_adds_a_callback_is_told_nothing_of_it(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot(scopes=())
    await stands(hooks, MemberJoined(guild=HOME, user=BOT, bot=True))
    await hooks.community.project()
    async with fanning(database_url):
        await until(lambda: is_level(hooks))
    await stands(hooks, MemberLeft(guild=HOME, user=BOT), MemberJoined(guild=AWAY, user=BOT, bot=True))
    await hooks.add(receiver.url, types=(ROLE_CREATED,))
    await hooks.say(1)
    [away] = await hooks.say(1, guild=AWAY)
    async with fanning(database_url), sending(database_url, clock):
        assert await arrived(receiver, 1) == [away]


async def is_level(hooks: Hooks) -> bool:
    """Tell whether the fan-out has seen all that there is."""
    query = "SELECT FROM operations.checkpoints WHERE reader = 'callback_fanout' AND position = book.head()"
    return await (await hooks.community.connection.execute(query)).fetchone() is not None


async def stands(hooks: Hooks, *events: MemberJoined | MemberLeft) -> None:
    """Let the bot come and go."""

    async def happens(book: Book, event: MemberJoined | MemberLeft) -> None:
        await book.load(MEMBER, event.guild, event.user)
        book.append(MEMBER.stream(event.guild, event.user), [event])

    for event in events:
        await hooks.do(happens, event)

"""Pages of lists: a cursor that no page gave is refused."""

import base64

import pytest

from tests.api.book.problems import refused
from tests.world import World

LISTS = ("/book/guilds", "/book/backups", "/book/templates", "/book/loads", "/book/callbacks")
KEYS = ("[18446744073709551615]", "[-18446744073709551615]", '["1"]', "[1, 2]", "[null]", "{}")


@pytest.mark.parametrize(
    "key", ["[18446744073709551615]", "[-18446744073709551615]", '["\\u0000"]', "[1, 2]", "[null]", "{}"]
)
@pytest.mark.parametrize("path", LISTS)
async def test_a_cursor_that_no_page_gave_is_refused(world: World, path: str, key: str) -> None:
    cursor = base64.urlsafe_b64encode(key.encode()).decode()
    bot = await world.bot()
    answer = await bot.get(f"{path}?cursor={cursor}")
    assert refused(answer) == (400, "cursor must be the next_cursor of another page.")

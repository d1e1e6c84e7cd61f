"""Finding accounts and teams over HTTP: pages, order, wildcards."""

from typing import Any
from uuid import uuid4

import pytest

from tests.world import NOT_FOUND, World, fault, refused


async def found(world: World, what: str, **query: object) -> dict[str, Any]:
    """Return one page of a search."""
    answer = await world.anyone.get(f"/{what}/search", params=query)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["page", "per_page", "pages", "results", "data"]
    return answer.json()


def names(page: dict[str, Any]) -> list[str]:
    """Return the names on a page."""
    return [item["name"] for item in page["data"]]


async def test_accounts_are_found_by_a_part_of_their_name_whatever_its_case(world: World) -> None:
    word = uuid4().hex
    for name in (f"b {word.upper()} one", f"a {word}", "Somebody else"):
        await world.account(name=name)
    page = await found(world, "accounts", q=f"{word[:20].upper()}")
    assert names(page) == [f"a {word}", f"b {word.upper()} one"]
    assert (page["page"], page["per_page"], page["pages"], page["results"]) == (0, 20, 1, 2)


async def test_an_account_is_found_as_it_is_shown(world: World) -> None:
    word = uuid4().hex
    team = await world.team()
    account = await world.account(team, name=word)
    await world.award(team, [account])
    assert (await found(world, "accounts", q=word))["data"] == [await world.shown(account)]


async def test_teams_are_found_as_they_are_shown(world: World) -> None:
    word = uuid4().hex
    teams = [await world.team(f"{letter} {word}") for letter in "BA"]
    await world.account(teams[0])
    await world.award(teams[0])
    page = await found(world, "teams", q=word)
    assert page["data"] == [(await world.anyone.get(f"/team/{team}")).json() for team in reversed(teams)]


async def test_equal_names_are_ordered_by_id(world: World) -> None:
    word = uuid4().hex
    accounts, teams = [await world.account(name=word) for _ in range(3)], [await world.team(word) for _ in range(3)]
    assert [item["id"] for item in (await found(world, "accounts", q=word))["data"]] == [str(a) for a in accounts]
    assert [item["id"] for item in (await found(world, "teams", q=word))["data"]] == teams


@pytest.mark.parametrize("what", ["accounts", "teams"])
async def test_pages_follow_each_other_and_end_with_an_empty_one(world: World, what: str) -> None:
    word = uuid4().hex
    make = world.team if what == "teams" else lambda name: world.account(name=name)
    for letter in "cedab":
        await make(f"{letter} {word}")
    pages = [await found(world, what, q=word, page=page, per_page=2) for page in range(4)]
    assert [names(page) for page in pages] == [
        [f"a {word}", f"b {word}"],
        [f"c {word}", f"d {word}"],
        [f"e {word}"],
        [],
    ]
    assert [page["page"] for page in pages] == [0, 1, 2, 3]
    assert {(page["per_page"], page["pages"], page["results"]) for page in pages} == {(2, 3, 5)}


@pytest.mark.parametrize("what", ["accounts", "teams"])
async def test_a_search_that_finds_nothing_has_no_pages(world: World, what: str) -> None:
    page = await found(world, what, q=uuid4().hex)
    assert page == {"page": 0, "per_page": 20, "pages": 0, "results": 0, "data": []}


@pytest.mark.parametrize("what", ["accounts", "teams"])
@pytest.mark.parametrize("page", [1_000_000, 2**63 - 1])
async def test_a_page_far_past_the_end_is_empty(world: World, what: str, page: int) -> None:
    answer = await found(world, what, page=page, per_page=100)
    assert (answer["page"], answer["data"]) == (page, [])


@pytest.mark.parametrize("what", ["accounts", "teams"])
@pytest.mark.parametrize(
    ("asked", "used"),
    [("1", 1), ("100", 100), ("101", 100), ("0", 1), ("-5", 1), ("9" * 5000, 100), ("-" + "9" * 5000, 1), (" +7 ", 7)],
)
async def test_the_length_of_a_page_is_brought_within_limits(world: World, what: str, asked: str, used: int) -> None:
    assert (await found(world, what, per_page=asked))["per_page"] == used


@pytest.mark.parametrize("what", ["accounts", "teams"])
@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["", " ", "x", "1.0", "1e3", "0x1", "1_0", "\u0661", "\xff", "NaN", "true"])
async def test_what_is_no_integer_is_no_page(world: World, what: str, name: str, value: str) -> None:
    answer = await world.anyone.get(f"/{what}/search", params={name: value})
    assert refused(answer) == (422, [fault(["query", name], "value is not a valid integer", "type_error.integer")])


@pytest.mark.parametrize("what", ["accounts", "teams"])
async def test_a_page_is_neither_negative_nor_beyond_counting(world: World, what: str) -> None:
    low = fault(["query", "page"], "ensure this value is greater than or equal to 0", "value_error.number.not_ge",
                limit_value=0)  # fmt: skip
    high = fault(["query", "page"], "ensure this value is less than or equal to 9223372036854775807",
                 "value_error.number.not_le", limit_value=2**63 - 1)  # fmt: skip
    assert refused(await world.anyone.get(f"/{what}/search?page=-1")) == (422, [low])
    assert refused(await world.anyone.get(f"/{what}/search?page=9223372036854775808")) == (422, [high])
    assert refused(await world.anyone.get(f"/{what}/search?page={'9' * 5000}")) == (422, [high])


@pytest.mark.parametrize("what", ["accounts", "teams"])
async def test_the_wildcards_of_a_search_are_those_of_the_database_and_a_backslash_is_none(
    world: World, what: str
) -> None:
    word = uuid4().hex
    for name in (f"{word} abc", f"{word} a%c", f"{word} a\\c"):
        await (world.team(name) if what == "teams" else world.account(name=name))
    assert (await found(world, what, q=f"{word} a_c"))["results"] == 3
    assert (await found(world, what, q=f"{word}%c"))["results"] == 3
    assert names(await found(world, what, q=f"{word} a\\c")) == [f"{word} a\\c"]
    assert names(await found(world, what, q=f"{word} a\\%")) == [f"{word} a\\c"]


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
async def test_a_blank_search_finds_all(world: World, blank: str) -> None:
    await world.team()
    assert (await found(world, "teams", q=blank))["results"] == (await found(world, "teams"))["results"] > 0


async def test_names_are_found_in_any_script(world: World) -> None:
    word = uuid4().hex
    await world.team(f"日本 Ünï 🎉 {word}")
    assert (await found(world, "teams", q=f"ünï 🎉 {word}"))["results"] == 1


async def test_accounts_are_found_by_team(world: World) -> None:
    team, word = await world.team(), uuid4().hex
    ines, rui = await world.account(team, name=f"Ines {word}"), await world.account(team, name="Rui")
    await world.account(name=f"Ines {word}")
    both = await found(world, "accounts", team=team)
    assert ([item["id"] for item in both["data"]], both["results"]) == ([str(ines), str(rui)], 2)
    assert [item["id"] for item in (await found(world, "accounts", team=f" +0{team} ", q=word))["data"]] == [str(ines)]


@pytest.mark.parametrize(
    ("team", "msg"),
    [
        (NOT_FOUND, "Team not found."),
        (0, "Team not found."),
        (-1, "Team not found."),
        (2**63, "Team not found."),
        ("9" * 5000, "Team not found."),
        ("", "Invalid Team ID: must be int."),
        ("x", "Invalid Team ID: must be int."),
        ("1.5", "Invalid Team ID: must be int."),
    ],
)
async def test_the_team_of_a_search_exists(world: World, team: object, msg: str) -> None:
    answer = await world.anyone.get("/accounts/search", params={"team": team})
    assert refused(answer) == (422, [fault(["query", "team"], msg)])


@pytest.mark.parametrize("raw", ["%00", "%ED%A0%80", "%FF", "a%C3"])
async def test_text_that_cannot_be_stored_cannot_be_searched(world: World, raw: str) -> None:
    for what in ("accounts", "teams"):
        answer = await world.anyone.get(f"/{what}/search?q={raw}")
        assert refused(answer) == (422, [fault(["query", "q"], "characters not allowed")])


async def test_the_text_of_a_search_is_limited(world: World) -> None:
    assert (await found(world, "teams", q="x" * 1000))["results"] == 0
    answer = await world.anyone.get("/teams/search", params={"q": "x" * 1001})
    assert refused(answer) == (422, [fault(["query", "q"], "ensure this value has at most 1000 characters",
                                           "value_error.any_str.max_length", limit_value=1000)])  # fmt: skip


async def test_a_search_full_of_wildcards_ends(world: World) -> None:
    await world.team("a" * 255)
    assert (await found(world, "teams", q="%a_" * 80 + "b"))["results"] == 0


async def test_a_question_mark_without_parameters_is_fine(world: World) -> None:
    for path in ("/teams/search?", "/accounts/search?", "/accounts/signups?", "/teams/search?x=1&page=0&page=1"):
        assert (await world.anyone.get("/", extensions={"target": path.encode()})).status_code == 200


async def test_of_a_parameter_that_comes_twice_the_last_counts(world: World) -> None:
    assert (await world.anyone.get("/teams/search?page=x&page=3")).json()["page"] == 3

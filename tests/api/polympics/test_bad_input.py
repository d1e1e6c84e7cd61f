"""Every kind of bad input over HTTP: one fault each, and never a 500."""

import pytest

from tests.api.polympics.bad import ROUTES, Bad, encode
from tests.world import NOT_FOUND, World, fault, new_number, refused

STR = ("str type expected", "type_error.str")
INTEGER = ("value is not a valid integer", "type_error.integer")
NONE = ("none is not an allowed value", "type_error.none.not_allowed")
MISSING = ("field required", "value_error.missing")
CHARACTERS = ("characters not allowed", "value_error")
BIG = 9223372036854775807


def too_long(limit: int) -> tuple[str, str, dict[str, int]]:
    """Return the message, the kind and the context of a text over its limit."""
    return f"ensure this value has at most {limit} characters", "value_error.any_str.max_length", {"limit_value": limit}


def too_small(limit: int) -> tuple[str, str, dict[str, int]]:
    """Return the message, the kind and the context of a number under its limit."""
    return f"ensure this value is greater than or equal to {limit}", "value_error.number.not_ge", {"limit_value": limit}


def too_big(limit: int) -> tuple[str, str, dict[str, int]]:
    """Return the message, the kind and the context of a number over its limit."""
    return f"ensure this value is less than or equal to {limit}", "value_error.number.not_le", {"limit_value": limit}


TEXTS = [
    ("account", "name", 255),
    ("account", "discriminator", 255),
    ("account", "avatar_url", 512),
    ("account edit", "name", 255),
    ("account edit", "discriminator", 255),
    ("account edit", "avatar_url", 512),
    ("account edit", "discord_token", 4096),
    ("team", "name", 255),
    ("team edit", "name", 255),
    ("award", "title", 32),
    ("award", "image_url", 512),
    ("award edit", "title", 32),
    ("award edit", "image_url", 512),
    ("callback", "url", 2047),
    ("callback", "secret", 2047),
    ("login", "token", 4096),
]
REQUIRED = [
    ("account", "id"),
    ("account", "name"),
    ("account", "discriminator"),
    ("team", "name"),
    ("team edit", "name"),
    ("award", "title"),
    ("award", "image_url"),
    ("award", "team"),
    ("award", "accounts"),
    ("callback", "url"),
    ("callback", "secret"),
    ("session", "account"),
    ("login", "token"),
]
PERMISSIONS = [
    ("account", "permissions"),
    ("account edit", "grant_permissions"),
    ("account edit", "revoke_permissions"),
]
NO_INTEGERS = ["", " ", "x", "1.5", "1_0", "\u0661", [], {}, [1], float("nan"), float("inf"), float("-inf")]
UNKNOWN = [
    0,
    -1,
    NOT_FOUND,
    2**63,
    -(2**63),
    str(2**63),
    1e300,
    b"9" * 5000,
    b"-" + b"9" * 5000,
    "9" * 5000,
    "0" * 5000,
    " -1 ",
]


@pytest.fixture
async def bad(world: World) -> Bad:
    """Return a sender with something of everything."""
    team = await world.team()
    return Bad(world, team, await world.account(), await world.award(team))


@pytest.mark.parametrize(("route", "field", "limit"), TEXTS)
async def test_a_text_is_a_text_within_its_limit_without_what_cannot_be_stored(
    bad: Bad, route: str, field: str, limit: int
) -> None:
    for value in ([], {}, ["x"]):
        assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], *STR)])
    msg, kind, ctx = too_long(limit)
    for value in ("x" * (limit + 1), "🎉" * (limit + 1), b"9" * 5000):
        assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], msg, kind, **ctx)])
    for value in ("\x00", "a\x00b", "\ud800", "\udfffb"):
        assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], *CHARACTERS)])


@pytest.mark.parametrize(("route", "field"), REQUIRED)
async def test_a_required_field_is_neither_missing_nor_null(bad: Bad, route: str, field: str) -> None:
    assert await bad.send(route, **{field: None}) == (422, [fault(["body", field], *NONE)])
    method, path, body = ROUTES[route]
    rest = {name: bad.ids["team"] if value == "{team}" else value for name, value in body.items() if name != field}
    if "id" in rest:
        rest["id"] = new_number()
    if route == "session":
        rest = {}
    answer = await bad.world.manager.ask(method, path.format(**bad.ids), content=encode(rest))
    assert refused(answer) == (422, [fault(["body", field], *MISSING)])


@pytest.mark.parametrize(("route", "field"), PERMISSIONS)
async def test_permissions_are_an_integer_of_seven_bits(bad: Bad, route: str, field: str) -> None:
    for value in NO_INTEGERS:
        assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], *INTEGER)])
    for value, (msg, kind, ctx) in [
        (-1, too_small(0)),
        (128, too_big(127)),
        ("-1", too_small(0)),
        (2**70, too_big(127)),
        (b"-" + b"9" * 5000, too_small(0)),
    ]:
        assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], msg, kind, **ctx)])


async def test_the_id_of_a_new_account_is_a_positive_integer_of_64_bits(bad: Bad) -> None:
    for value in NO_INTEGERS:
        assert await bad.send("account", id=value) == (422, [fault(["body", "id"], *INTEGER)])
    for value, (msg, kind, ctx) in [
        (0, too_small(1)),
        (-1, too_small(1)),
        (False, too_small(1)),
        (2**63, too_big(BIG)),
        ("9" * 5000, too_big(BIG)),
        (b"9" * 5000, too_big(BIG)),
    ]:
        assert await bad.send("account", id=value) == (422, [fault(["body", "id"], msg, kind, **ctx)])


@pytest.mark.parametrize(
    ("route", "field", "noun"),
    [
        ("account", "team", "Team"),
        ("account edit", "team", "Team"),
        ("award", "team", "Team"),
        ("award edit", "team", "Team"),
        ("session", "account", "Account"),
    ],
)
async def test_an_id_in_a_body_is_an_integer_of_something_that_exists(
    bad: Bad, route: str, field: str, noun: str
) -> None:
    for value in NO_INTEGERS:
        assert await bad.send(route, **{field: value}) == (
            422, [fault(["body", field], f"Invalid {noun} ID: must be int.")],
        )  # fmt: skip
    for value in UNKNOWN:
        if not (route.endswith("edit") and value in (0, "0" * 5000)):  # which means no team
            assert await bad.send(route, **{field: value}) == (422, [fault(["body", field], f"{noun} not found.")])


async def test_the_accounts_of_an_award_are_a_list_of_those_that_exist(bad: Bad) -> None:
    for value in ("", "1", 1, {}, True):
        assert await bad.send("award", accounts=value) == (
            422, [fault(["body", "accounts"], "value is not a valid list", "type_error.list")],
        )  # fmt: skip
    wrong = [*NO_INTEGERS, *UNKNOWN]
    expected = [
        fault(["body", "accounts", str(place)], "Invalid Account ID: must be int." if place <= len(NO_INTEGERS)
              else "Account not found.")
        for place in range(1, len(wrong) + 1)
    ]  # fmt: skip
    assert await bad.send("award", accounts=[bad.ids["account"], *wrong]) == (422, expected)


async def test_a_list_that_no_body_could_fill_with_ids_is_too_long(bad: Bad) -> None:
    msg, kind = "ensure this value has at most 50000 items", "value_error.list.max_items"
    assert await bad.send("award", accounts=[1] * 50_001) == (
        422, [fault(["body", "accounts"], msg, kind, limit_value=50_000)],
    )  # fmt: skip


async def test_a_long_list_is_judged_at_once(bad: Bad) -> None:
    status, detail = await bad.send("award", accounts=list(range(1, 20_001)))
    assert (status, len(detail)) == (422, 20_000)


@pytest.mark.parametrize(
    ("noun", "paths"),
    [
        ("Account", ["/account/{}", "/account/{}/award/1"]),
        ("Team", ["/team/{}"]),
        ("Award", ["/award/{}", "/account/1/award/{}"]),
    ],
)
async def test_an_id_in_a_path_is_an_integer_of_something_that_exists(
    world: World, noun: str, paths: list[str]
) -> None:
    raw = ["0", "-1", "+0", "9223372036854775808", "9" * 5000, "-" + "9" * 5000, "%20-1%20", "00"]
    invalid = ["%20", "x", "1.0", "1e3", "0x1", "%00", "%ff", "%D9%A1", "1_0", "true", "NaN", "+", "1%202", "%C2%A01"]
    for path in paths:
        place = ["path", noun.lower()]
        for text, msg in [(t, f"{noun} not found.") for t in raw] + [
            (t, f"Invalid {noun} ID: must be int.") for t in invalid
        ]:
            answer = await world.manager.delete("/", extensions={"target": path.format(text).encode()})
            assert (path, text, *refused(answer)[:1]) == (path, text, 422)
            assert fault(place, msg) in answer.json()["detail"]


@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_is_a_json_object(bad: Bad, route: str) -> None:
    for nothing in (b"", b" \n\t", b"null"):
        assert await bad.send_raw(route, nothing) == (422, [fault(["body"], *MISSING)])
    for other in (b"[]", b"1", b'"x"', b"true", b"NaN"):
        assert await bad.send_raw(route, other) == (
            422, [fault(["body"], "value is not a valid dict", "type_error.dict")],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"{", 1),
        (b"{]", 1),
        (b'{"name": }', 9),
        (b'{"name": "x"', 12),
        (b'{"name": "x"} x', 14),
        (b"{'name': 1}", 1),
        (b'{"name": "\n"}', 10),
        (b'{"name": 01}', 10),
        (b'{"name": "\xff"}', 10),
        (b"\x00", 0),
        (b"[" * 100_000, 0),
        (b'{"name":' * 100_000, 0),
        (b"name=x", 0),
    ],
)
async def test_what_is_not_json_is_a_fault_at_its_position(bad: Bad, content: bytes, position: int) -> None:
    status, detail = await bad.send_raw("team", content)
    assert (status, len(detail), detail[0]["type"]) == (422, 1, "value_error.jsondecode")
    assert detail[0]["loc"] == ["body", str(position)]
    assert detail[0]["ctx"]["pos"] == position
    assert detail[0]["msg"] == detail[0]["ctx"]["msg"] != ""


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", ""]
)
async def test_the_content_type_is_not_looked_at(world: World, kind: str) -> None:
    answer = await world.manager.ask("POST", "/teams/new", content=b'{"name": "x"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["name"]) == (201, "x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"123", "123"),
        (b"true", "True"),
        (b"false", "False"),
        (b"1.5", "1.5"),
        (b"-0", "0"),
        (b'"\\u00e9"', "é"),
        (b'"\xc3\xa9"', "é"),
        (b"9" * 255, "9" * 255),
        (b'"' + "🎉".encode() * 255 + b'"', "🎉" * 255),
    ],
)
async def test_numbers_and_booleans_are_taken_as_text(world: World, value: bytes, text: str) -> None:
    answer = await world.manager.ask("POST", "/teams/new", content=b'{"name": %s, "unknown": {}}' % value)
    assert (answer.status_code, answer.json()["name"]) == (201, text)


@pytest.mark.parametrize("value", [b"%d", b'"%d"', b'" +00%d "', b"%d.9"])
async def test_ids_and_permissions_are_taken_from_numbers_and_text(world: World, value: bytes) -> None:
    number = new_number() if b"." not in value else 1_000_000 + new_number() % 1_000_000
    content = b'{"id": %s, "name": "x", "discriminator": "x", "permissions": %s}' % (value % number, value % 64)
    answer = await world.manager.ask("POST", "/accounts/new", content=content)
    assert (answer.status_code, answer.json()["id"], answer.json()["permissions"]) == (201, str(number), 64)

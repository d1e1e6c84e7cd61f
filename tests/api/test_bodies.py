"""Bodies that are too large, too slow, broken off, or not asked for."""

from tests.api.raw import authorization, connected
from tests.world import World, fault, refused

TOO_LARGE = (413, "Request body too large.")
LIMIT = 1_048_576


def filled(size: int) -> bytes:
    """Return a JSON object of this many bytes."""
    return b'{"name": "x"' + b" " * (size - 13) + b"}"


async def test_a_body_may_be_as_large_as_the_setting_says(world: World) -> None:
    assert (await world.manager.ask("POST", "/teams/new", content=filled(LIMIT))).status_code == 201
    assert refused(await world.manager.ask("POST", "/teams/new", content=filled(LIMIT + 1))) == TOO_LARGE


async def test_a_body_that_does_not_announce_its_size_is_counted(curt: World) -> None:
    async def parts(size: int):  # noqa: ANN202 - httpx takes any asynchronous iterator
        for _ in range(size // 64):
            yield b" " * 64

    assert refused(await curt.manager.ask("POST", "/teams/new", content=parts(2048))) == TOO_LARGE
    missing = fault(["body"], "field required", "value_error.missing")
    assert refused(await curt.manager.ask("POST", "/teams/new", content=parts(1024))) == (422, [missing])


async def test_who_may_not_write_is_told_so_before_the_size_counts(world: World) -> None:
    answer = await world.anyone.ask("POST", "/teams/new", content=filled(LIMIT + 1))
    assert refused(answer) == (401, "Not authenticated")


async def test_a_body_that_does_not_come_is_not_waited_for(world: World) -> None:
    async with connected(world.http) as connection:
        answer = await connection.ask(b"POST /teams/new", authorization(world.manager), b"Content-Length: 9", body=b"{")
        assert (answer.status, answer.json()) == (408, {"detail": "Request body too slow."})


async def test_a_caller_who_breaks_off_harms_nobody(world: World) -> None:
    async with connected(world.http) as connection:
        await connection.send(b"POST /teams/new HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n",
                              authorization(world.manager), b"\r\n\r\n{")  # fmt: skip
    assert (await world.anyone.get("/accounts/signups")).status_code == 200


async def test_a_route_without_a_body_ignores_whatever_comes(world: World) -> None:
    account, award = await world.account(), await world.award(await world.team())
    app = await world.app()
    for content in (b"{}", b"{", b"\xff", b"[" * 1000):
        assert (await app.ask("GET", f"/account/{account}", content=content)).status_code == 200
        assert (await app.ask("PUT", f"/account/{account}/award/{award}", content=content)).status_code == 201
        assert (await app.ask("DELETE", f"/account/{account}/award/{award}", content=content)).status_code == 204
    assert (await app.ask("POST", "/auth/reset_token", content=b"{")).status_code == 200


async def test_an_empty_success_carries_no_body(world: World) -> None:
    account, award = await world.account(), await world.award(await world.team())
    path = f"/account/{account}/award/{award}"
    answers = [await world.manager.ask(method, path) for method in ("PUT", "PUT", "DELETE")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(201, b""), (208, b""), (204, b"")]

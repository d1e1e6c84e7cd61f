"""Receivers that are silent, absent, or addressed in odd ways: what goes over the wire, and what is written down."""

import asyncio

from projections.deliveries import recent_deliveries
from tests.workers.callbacks.community import Community
from tests.workers.callbacks.receivers import Clock, Gate, Receiver, sending, until_attempts, until_states

CREATED = "account_created"


async def subscribed(community: Community, url: str, **how: str) -> None:
    """Have one delivery in the outbox for this URL."""
    await community.subscribe(CREATED, url=url, **how)
    await community.join(1)
    await community.project()


async def test_a_callback_that_gives_no_answer_is_given_up_in_time_and_tried_again(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    gate = Gate(receiver)
    await subscribed(community, receiver.url)
    async with sending(database_url, clock, callback_timeout_seconds=1):
        await until_attempts(community, 1)
        gate.open()
        await clock.advance(seconds=6)
        await until_states(community, ["delivered"])
    failed = (await recent_deliveries(community.connection))[0].log[0]
    assert (failed.status, failed.error) == (None, "no answer in time")


async def test_nobody_listening_is_written_down_as_such(community: Community, clock: Clock, database_url: str) -> None:
    await subscribed(community, "http://127.0.0.1:1/")
    async with sending(database_url, clock):
        await until_attempts(community, 1)
    [delivery] = await recent_deliveries(community.connection)
    assert delivery.state == "pending"
    assert "ClientConnectorError" in (delivery.log[0].error or "")


async def test_an_empty_secret_is_sent_as_a_bearer_without_a_token(
    community: Community, clock: Clock, database_url: str
) -> None:
    head = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await subscribed(community, f"http://127.0.0.1:{port}/", secret="")
        async with sending(database_url, clock):
            lines = (await asyncio.wait_for(head, 10)).split(b"\r\n")
            await until_states(community, ["delivered"])
    assert b"Authorization: Bearer " in lines
    assert not any(line.lower().startswith(b"webhook-signature") for line in lines)


async def test_a_secret_in_another_script_and_a_name_in_the_url_do_no_harm(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await subscribed(community, receiver.url.replace("//", "//me:word@"), secret="秘密")
    async with sending(database_url, clock):
        [received] = await receiver.came(1)
    assert received.headers["Authorization"].encode(errors="surrogateescape") == "Bearer 秘密".encode()

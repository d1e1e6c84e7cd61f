"""The sender is killed again and again while a receiver counts."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from tests.workers.callbacks.community import Community
from tests.workers.callbacks.receivers import Receiver, until_states

ROOT = Path(__file__).parents[3]
KILLS = 6
PEOPLE = range(1, 21)
RECEIVED_BEFORE_KILL = 10  # far fewer than are waiting, so that every kill hits deliveries that are under way


@contextmanager
def sender_process(url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.workers.callbacks.sender_process", url]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.faults
async def test_every_callback_arrives_and_in_order_per_endpoint_and_account_however_often_the_sender_is_killed(
    community: Community, receiver: Receiver, database_url: str
) -> None:
    teams = [await community.team("Azores"), await community.team("Madeira")]
    for person in PEOPLE:
        await community.join(person)
    for hook in ("/one", "/two"):
        await community.subscribe("account_team_update", url=receiver.url.replace("/hook", hook))
    for kill in range(KILLS + 1):
        for person in PEOPLE:
            await community.move(person, teams[kill % 2])
        await community.project()
        with sender_process(database_url):
            if kill < KILLS:
                await receiver.came(len(receiver.received) + RECEIVED_BEFORE_KILL)
            else:
                await until_states(community, ["delivered"] * (KILLS + 1) * len(PEOPLE) * 2)
    lanes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for received in receiver.received:
        lanes[received.path, received.account()].append(received.headers["webhook-id"])
    told = [delivery.id for delivery in await community.told()]
    assert len(receiver.received) > len(told)  # some came twice: kills did hit something
    in_order = {lane: [key for key, _ in groupby(ids)] for lane, ids in lanes.items()}
    assert sorted(key for ids in in_order.values() for key in ids) == sorted(told)  # each came, repeats at once
    assert all(ids == sorted(ids, key=told.index) for ids in in_order.values())

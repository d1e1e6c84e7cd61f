"""A sender in a process of its own, to be killed: `python -m tests.workers.callbacks.sender_process URL`."""

import sys

import uvloop

from schemas.settings import Settings
from store.connections import pool
from store.keys import Keyring
from tests.workers.callbacks.community import MASTER_KEY
from workers.callbacks.sender import CallbackSender


async def main(url: str) -> None:
    async with pool(url) as connections:
        settings = Settings(callbacks_allow_private=True)
        await CallbackSender(url, Keyring(connections, MASTER_KEY), settings).run()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))

"""A loader in a process of its own, to be killed: `python -m tests.workers.loader.loader_process URL DISCORD_URL`."""

import sys

import uvloop

from schemas.settings import Settings
from store.connections import pool
from store.keys import Keyring
from tests.books import KEY
from tests.fake_discord_rest import TOKEN
from workers.loader import gateway, registry
from workers.loader.worker import LoaderWorker

registry.OBJECTS_MAX = 5  # more moments to be killed at
gateway.DOUBT_SECONDS = 0.01


async def main(url: str, discord_url: str) -> None:
    settings = Settings(discord_api_url=discord_url, discord_bot_token=TOKEN)
    async with pool(url) as connections:
        await LoaderWorker(url, Keyring(connections, KEY), settings, lease_seconds=0.0).run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

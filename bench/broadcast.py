"""What fan-out costs at the least: a server that sends what one client says to all others, and does nothing else."""

import argparse

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

SPEAKER = "/speak"


async def run(port: int) -> None:
    listeners = set[ServerConnection]()

    async def handle(connection: ServerConnection) -> None:
        if connection.request and connection.request.path == SPEAKER:
            async for text in connection:
                broadcast(listeners, text)
            return
        listeners.add(connection)
        await connection.wait_closed()
        listeners.discard(connection)

    async with serve(handle, "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.broadcast", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(run(parser.parse_args().port))


if __name__ == "__main__":
    main()

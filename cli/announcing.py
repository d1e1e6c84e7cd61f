"""Says when the API is ready, and why it is not when that takes long."""

import http.client
import time
from contextlib import closing
from threading import Event

import click
import msgspec

from cli.addresses import Address
from cli.output import tell

ASK_SECONDS_MAX = 2.0
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 10.0


class Reader(msgspec.Struct, frozen=True):
    """Where a reader of the log is, and whether requests need what it makes."""

    position: int
    lag: int
    needed: bool = True


class Answer(msgspec.Struct, frozen=True):
    """What /health/ready says, as far as it is of interest here."""

    ready: bool
    readers: dict[str, Reader]
    reason: str | None = None

    def head(self) -> int:
        """Return the last position of the log."""
        return max((reader.position + reader.lag for reader in self.readers.values()), default=0)

    def shows(self, position: int) -> bool:
        """Tell whether every reader that is needed has come to a position."""
        return all(reader.position >= position for reader in self.readers.values() if reader.needed)


def announce(address: Address, stopping: Event, answered: Event) -> None:
    """Print the ready line once the API is and shows all that was in the log by then."""
    told = time.monotonic()
    head: int | None = None
    while not stopping.wait(POLL_SECONDS):
        answer = _ask(address)
        if answer is not None:
            answered.set()
        if answer is not None and answer.ready:
            head = answer.head() if head is None else head
            if answer.shows(head):
                click.echo(f"guildbook: ready on {address.url()}")
                return
        if time.monotonic() - told > PATIENCE_SECONDS:
            told = time.monotonic()
            tell(f"not ready yet: {_reason(answer)}")


def _ask(address: Address) -> Answer | None:
    connection = http.client.HTTPConnection(address.host_from_here(), address.port, timeout=ASK_SECONDS_MAX)
    try:
        with closing(connection):
            connection.request("GET", "/health/ready")
            return msgspec.json.decode(connection.getresponse().read(), type=Answer)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None


def _reason(answer: Answer | None) -> str:
    if answer is None:
        return "the API does not answer."
    return answer.reason or "the query tables are catching up with the log."

"""Writes the AsyncAPI document to a file, after a route, an event or a shape has changed: `python -m api.asyncapi`."""

from pathlib import Path

import msgspec

from api.app import DESCRIBED
from api.async_document import async_document

PATH = Path(__file__).parent.parent / "schemas" / "asyncapi.json"


def text() -> str:
    """Return what the file should hold."""
    return msgspec.json.format(msgspec.json.encode(async_document(DESCRIBED)), indent=2).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text())

"""Writes the published document to a file, after a route or a shape has changed: `python -m api.openapi`."""

from pathlib import Path

import msgspec

from api.app import DESCRIBED
from api.documents import document

PATH = Path(__file__).parent.parent / "schemas" / "openapi.json"


def text() -> str:
    """Return what the file should hold."""
    return msgspec.json.format(msgspec.json.encode(document(DESCRIBED)), indent=2).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text())

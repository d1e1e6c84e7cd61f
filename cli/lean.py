"""Keeps out of a server's memory what it does not need."""

import sys


def without_rich() -> None:
    """Let `import rich` fail: structlog imports it where it is installed, and a log of JSON has no use for colours."""
    sys.modules.setdefault("rich", None)  # pyright: ignore[reportArgumentType] - what the import system asks for

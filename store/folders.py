"""Folders that are written into by one command at a time."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_alone(folder: Path, refusal: type[Exception]) -> Generator[None]:
    """Make the folder if there is none, and let nobody else write into it. Errors: the refusal."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"Another command writes into {folder} just now."
        raise refusal(message) from error
    finally:
        os.close(lock)

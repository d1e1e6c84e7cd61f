"""Ends a process, and removes its folder, when whoever started us is gone: their tests may be killed too."""

import os
import shutil
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Wait for the end of standard input, which is a pipe of the tests'."""
    sys.stdin.read()
    with suppress(ProcessLookupError):
        os.kill(int(sys.argv[1]), signal.SIGKILL)
    shutil.rmtree(sys.argv[2], ignore_errors=True)


if __name__ == "__main__":
    main()

"""How far a long command is: a bar on a terminal, a few lines elsewhere."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from cli.output import tell

PLAIN_LINES_MAX = 20  # where it goes to a file


@contextmanager
def progress(doing: str) -> Generator[Callable[[int, int], None]]:
    """Yield what is to be told how many of how many are done."""
    if not sys.stderr.isatty():
        yield _tell_in_steps(doing)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(doing)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell_in_steps(doing: str) -> Callable[[int, int], None]:
    told = -1

    def tell_sometimes(done: int, total: int) -> None:
        nonlocal told
        step = done * PLAIN_LINES_MAX // max(total, 1)
        if step > told:
            told = step
            tell(f"{doing}: {done} of {total}")

    return tell_sometimes

"""Which tests one worker runs together, and which come first: long ones, so that nobody waits for them at the end."""

import pytest
from xdist.scheduler.loadgroup import LoadGroupScheduling

OF_ONE_FOLDER = "tests/api/"  # whose folders have servers of their own; elsewhere a file has
FIRST = ("kafka", "faults")
LAST = "tests/domain/"  # many and short


class Shares(LoadGroupScheduling):
    """Groups as tests name them, and folders or files of what names none: no two workers start the same server."""

    def _split_scope(self, nodeid: str) -> str:
        group = super()._split_scope(nodeid)
        return group if group != nodeid else _place(nodeid)


def turn(item: pytest.Item) -> int:
    """Return when the turn of this test is, among the others."""
    mark = item.get_closest_marker("xdist_group")
    if mark and mark.args[0] in FIRST:
        return FIRST.index(mark.args[0])
    return len(FIRST) + item.nodeid.startswith(LAST)


def _place(nodeid: str) -> str:
    path = nodeid.partition("::")[0]
    return path.rpartition("/")[0] if path.startswith(OF_ONE_FOLDER) else path

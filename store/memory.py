"""How a long-running process collects garbage: seldom, as almost everything is freed when its last user lets go."""

import gc

# Allocations before the youngest are looked at, then how often the older ones are. Measured on award grants: the
# default of 700 costs a fifth of the time of a request and doubles the slowest ones, walking caches that do not change.
THRESHOLDS = (20_000, 10, 10)


def collect_seldom() -> None:
    """Leave alone for ever what is there after the start, and look seldom at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

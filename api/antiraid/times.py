"""How moments are written on this surface."""

from datetime import UTC, datetime

NEVER = "9999-12-31T23:59:59Z"


def moment(at: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, with six digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def end(at: datetime | None) -> str:
    """Write the end of a session; typed clients want a date for those that have none."""
    return NEVER if at is None else moment(at)

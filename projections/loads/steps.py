"""The steps of a load: what each is to do, how far it is, and how it ended."""

import msgspec

from domain.loads.events import LoadFinished, Plan, StepName
from schemas.loads import LoadStep, StepState

KINDS: dict[StepName, str] = {
    "delete_roles": "role",
    "roles": "role",
    "delete_channels": "channel",
    "channels": "channel",
    "bans": "ban",
    "settings": "settings",
}
"""The steps in their order, and what their objects are."""
PLACES = {name: place for place, name in enumerate(KINDS)}
RUNNING: tuple[StepState, ...] = ("running", "rate_limited")

Steps = tuple[LoadStep, ...]


def planned(plan: Plan) -> Steps:
    """Return the steps of a load that begins; those with nothing to do are left out."""
    totals: dict[StepName, int] = {
        "delete_roles": len(plan.delete_roles),
        "roles": len(plan.roles),
        "delete_channels": len(plan.delete_channels),
        "channels": len(plan.channels),
        "bans": len(plan.bans),
        "settings": int(plan.settings),
    }
    return tuple(LoadStep(name, "waiting" if total else "skipped", 0, total) for name, total in totals.items())


def counted(steps: Steps, name: StepName | None, count: int) -> Steps:
    """Count what a step has done."""
    return tuple(
        _with(step, step.state, done=min(step.total, step.done + count)) if step.name == name else step
        for step in steps
    )


def reached(steps: Steps, name: StepName | None, *, is_waiting: bool) -> Steps:
    """Let a step run, which ends those before it; a status that names none is of the step that runs."""
    running = name or next((step.name for step in steps if step.state in RUNNING), None)
    if running is None:
        return steps
    state: StepState = "rate_limited" if is_waiting else "running"
    return tuple(
        step
        if step.state == "skipped" or PLACES[step.name] > PLACES[running]
        else _with(step, state if step.name == running else "done", done=step.done)
        for step in steps
    )


def estimated(steps: Steps, seconds: float) -> Steps:
    """Say how long each step will take, by how many objects were done in so many seconds; nobody knows of a wait."""
    done = sum(step.done for step in steps)
    pace = seconds / done if done else None
    return tuple(msgspec.structs.replace(step, estimated_seconds_left=_left(step, pace)) for step in steps)


def _left(step: LoadStep, pace: float | None) -> int | None:
    if pace is None or step.state not in ("running", "waiting"):
        return None
    return max(0, round(pace * (step.total - step.done)))


def ended(steps: Steps, event: LoadFinished) -> Steps:
    """Let no step run or wait any more; what a load was at when it ended early says why."""
    return tuple(_ended(step, event) for step in steps)


def _ended(step: LoadStep, event: LoadFinished) -> LoadStep:
    if event.outcome == "success" and step.state != "skipped":
        return _with(step, "done", done=step.done)
    if step.state in RUNNING:
        why = event.error or f"The load was {event.outcome}."
        return _with(step, "failed", done=step.done, details=why)
    return _with(step, "skipped", done=0) if step.state == "waiting" else step


def _with(step: LoadStep, state: StepState, *, done: int, details: str | None = None) -> LoadStep:
    return LoadStep(step.name, state, done, step.total, details=details)

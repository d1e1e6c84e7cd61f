"""What the product is asked for, and what it answers and says, in the words of the model: wherever its book is kept."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from domain.kernel import Event
from domain.processes.execute_setting import execute_setting
from domain.processes.setting_case import Ask, Done
from domain.processes.undo_row import Earlier, undo_row
from domain.settings.events import OperationRequested, RowCreated, RowDeleted, RowsReordered, RowUpdated
from domain.settings.refusals import SettingRefusedError
from tests.domain.book import digest_of
from tests.domain.settings.community import Json, Value, template
from tests.domain.settings.model import Model, Said
from tests.domain.settings.model_columns import Wrong
from tests.domain.settings.steps import DEFINITION, KEYS, POLICY, Step

Answer = tuple[str, Value]

TEMPLATE = template(DEFINITION, rules=POLICY)
NAMES = {digest_of("keeper", "rules", name): name for name in KEYS}
"""The rows' names by their ids."""


class Commanded(NamedTuple):
    """A command, with what it takes."""

    command: Callable[..., Value]
    ask: Ask
    more: Json


def ask_model(model: Model, step: Step, now: datetime) -> Answer:
    """Return what the model answers; `said` is only of this step."""
    model.said.clear()
    moment = f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"
    try:
        if step.operation == "Undo":
            return "Ok", model.undo(step.fields["key"], step.fields["back"], step.user, moment)
        return "Ok", model.do(step.operation, step.fields, step.user, moment)
    except Wrong as wrong:
        return "Err", str(wrong)


def commanded(step: Step, ask: Callable[..., Ask], earlier: Earlier | None = None) -> Commanded:
    """Return a step as a command; `earlier` is what an Undo brings back."""
    if step.operation == "Undo":
        return Commanded(undo_row, ask("", {}, user=step.user), {"key": step.fields["key"], "earlier": earlier})
    return Commanded(execute_setting, ask(step.operation, step.fields, user=step.user), {})


def events_back(step: Step, count: int) -> int:
    """Return after how many of the row's events it stood as an Undo wants it."""
    return count - step.fields["back"] % (count + 1)


def answered(step: Step, answer: Done | SettingRefusedError) -> Answer:
    """Return what the product answers."""
    if isinstance(answer, SettingRefusedError):
        return "Err", answer.kind
    if step.operation == "Undo":
        return "Ok", None
    if step.operation == "Put":
        return "Ok", {"type": answer.data["type"]}
    return "Ok", "asked" if step.operation == "Ring" else answer.data


def told(events: Iterable[Event]) -> Iterator[Said]:
    """Return what was said."""
    for event in events:
        match event:
            case RowCreated():
                yield Said("created", event.key, {}, event.fields | (event.secrets or {}), event.index)
            case RowUpdated():
                before, after = event.before | (event.secrets_before or {}), event.after | (event.secrets_after or {})
                yield Said("updated", event.key, before, after, event.index)
            case RowDeleted():
                yield Said("deleted", event.key, {}, {})
            case RowsReordered():
                yield Said("reordered", {}, {}, {"order": [NAMES[name] for name in event.order]})
            case OperationRequested():
                yield Said("asked", {}, {}, event.fields)
            case _:
                raise AssertionError(event)

"""Whatever is asked for in whatever order, the same is answered, kept and told as by the model."""

from collections.abc import Iterator
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel import Event
from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW
from domain.settings.events import OperationRequested, RowCreated, RowDeleted, RowsReordered, RowUpdated
from domain.settings.refusals import SettingRefusedError
from tests.domain.book import stream_of
from tests.domain.settings.community import NOW, Desk, Json, Value, template
from tests.domain.settings.model import Model, Said
from tests.domain.settings.model_columns import Wrong
from tests.domain.settings.steps import DEFINITION, POLICY, Step, resolved, steps

STEPS, EXAMPLES = 40, 250
TEMPLATE = template(DEFINITION, rules=POLICY)


def ask_model(model: Model, step: Step, now: str) -> tuple[str, Value]:
    """Return what the model answers."""
    try:
        if step.operation == "Undo":
            return "Ok", model.undo(step.fields["key"], step.fields["back"], step.user, now)
        return "Ok", model.do(step.operation, step.fields, step.user, now)
    except Wrong as wrong:
        return "Err", str(wrong)


def ask_product(desk: Desk, step: Step, **more: Value) -> tuple[str, Value]:
    """Return what the product answers, in the words of the model."""
    desk.said = []
    try:
        if step.operation == "Undo":
            earlier = earlier_of(desk, step.fields["key"], step.fields["back"])
            desk.undo(step.fields["key"], earlier, user=step.user, **more)
            return "Ok", None
        data = desk.do(step.operation, step.fields, user=step.user, **more).data
    except SettingRefusedError as refusal:
        return "Err", refusal.kind
    if step.operation == "Put":
        return "Ok", {"type": data["type"]}
    return "Ok", "asked" if step.operation == "Ring" else data


def earlier_of(desk: Desk, key: Json, back: int) -> Earlier | None:
    """Return a row as it was so many of its events ago, as the log tells it."""
    events = [event for event in desk.log if getattr(event, "key", None) == key]
    known = len(events) - back % (len(events) + 1)
    row = ROW.fold(events[:known])
    return Earlier(fields=row.fields, secrets=row.secrets) if row else None


def told(events: list[Event], names: dict[str, str]) -> Iterator[Said]:
    """Return what was said in the words of the model."""
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
                yield Said("reordered", {}, {}, {"order": [names[name] for name in event.order]})
            case OperationRequested():
                yield Said("asked", {}, {}, event.fields)
            case _:
                raise AssertionError(event)


def names_of(desk: Desk) -> dict[str, str]:
    """Return the rows' names by their ids."""
    created = [event for event in desk.log if isinstance(event, RowCreated)]
    return {stream_of(event).rpartition("-")[2]: event.key["name"] for event in created}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=STEPS, max_size=STEPS))
def test_a_setting_does_what_the_model_does(asked: list[Step]) -> None:
    desk, model = Desk(TEMPLATE), Model(DEFINITION, POLICY)
    for n, each in enumerate(asked):
        step, now = resolved(each, [row["name"] for row in model.rows]), NOW + timedelta(minutes=n)
        model.said.clear()
        wanted = ask_model(model, step, f"{now:%Y-%m-%dT%H:%M:%S.%f}Z")
        assert ask_product(desk, step, now=now) == wanted, step
        assert list(told(desk.said, names_of(desk))) == model.said, step
        assert [row.values() for row in desk.rows()] == model.rows, step

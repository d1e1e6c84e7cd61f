"""Whatever is asked for in whatever order, the same is answered, kept and told as by the model."""

from datetime import datetime, timedelta
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW, row_id
from domain.settings.refusals import SettingRefusedError
from tests.domain.settings.answers import TEMPLATE, Answer, answered, ask_model, commanded, events_back, told
from tests.domain.settings.community import NOW, Desk, order_of
from tests.domain.settings.model import Model
from tests.domain.settings.steps import DEFINITION, POLICY, Step, resolved, steps

STEPS, EXAMPLES = 40, 250


def ask_product(desk: Desk, step: Step, now: datetime) -> Answer:
    """Return what the product answers."""
    command, ask, more = commanded(step, partial(desk.ask, now=now), earlier_of(desk, step))
    try:
        return answered(step, desk.execute(command, ask, **more))
    except SettingRefusedError as refusal:
        return answered(step, refusal)


def earlier_of(desk: Desk, step: Step) -> Earlier | None:
    """Return the row that an Undo brings back, as the log tells it; with its place if it is gone."""
    if step.operation != "Undo":
        return None
    ends = [n for n, event in enumerate(desk.log, start=1) if getattr(event, "key", None) == step.fields["key"]]
    past = desk.log[: [0, *ends][events_back(step, len(ends))]]
    row = ROW.fold(event for event in past if getattr(event, "key", None) == step.fields["key"])
    if row is None:
        return None
    name = row_id(row.template, row.setting, row.key)
    index = None if name in desk.order() else order_of(past).index(name) + 1
    return Earlier(fields=row.fields, secrets=row.secrets, index=index)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=STEPS, max_size=STEPS))
def test_a_setting_does_what_the_model_does(asked: list[Step]) -> None:
    desk, model = Desk(TEMPLATE), Model(DEFINITION, POLICY)
    for n, each in enumerate(asked):
        step, now = resolved(each, [row["name"] for row in model.rows]), NOW + timedelta(minutes=n)
        wanted = ask_model(model, step, now)
        assert ask_product(desk, step, now) == wanted, step
        assert list(told(desk.said)) == model.said, step
        assert [row.values() for row in desk.rows()] == model.rows, step

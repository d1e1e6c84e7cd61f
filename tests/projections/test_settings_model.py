"""Ten thousand operations by several processes on a real log: all is answered, kept, told and shown as by the model."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from api.parts import Parts
from api.row_history import row_at
from domain.permissions import Actor
from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW
from domain.settings.refusals import PreconditionFailedError
from domain.settings.shown import masked
from schemas.templates import Deed, Doer
from tests.domain.settings.answers import TEMPLATE, answered, ask_model, commanded, events_back, told
from tests.domain.settings.community import NOW, Json
from tests.domain.settings.model import Model, Said
from tests.domain.settings.steps import DEFINITION, POLICY, Step, resolved, steps
from tests.projections.test_runtime import is_a_replay
from tests.projections.town import Town, moment, named, town

OPERATIONS = 10_000
GUILDS = range(2000, 2020)
BATCH = 40
OPERATION_OF = {"created": "Create", "updated": "Update", "deleted": "Delete", "reordered": "Reorder", "asked": "Ring"}


class Told(NamedTuple):
    """What the model says happened, by whom, and where the log says it is."""

    position: int
    at: datetime
    user: int
    said: Said


class Life(NamedTuple):
    """What became of one guild: as the model has it."""

    guild: int
    model: Model
    told: list[Told]


def drawn(seed: int, count: int) -> list[Step]:
    """Return so many steps, the same for the same seed."""
    found: list[Step] = []

    @seeded(seed)
    @settings(
        max_examples=count // BATCH,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(steps, min_size=BATCH, max_size=BATCH))
    def draw(some: list[Step]) -> None:
        found.extend(some)

    draw()
    return found


@pytest.mark.parametrize("seed", [1])
async def test_settings_are_kept_told_and_shown_as_by_the_model(database_url: str, seed: int) -> None:
    asked = drawn(seed, OPERATIONS)
    assert len(asked) >= OPERATIONS
    async with town(database_url, TEMPLATE, GUILDS) as place:
        shares = (asked[n :: len(GUILDS)] for n in range(len(GUILDS)))
        lives = await asyncio.gather(*(live(place, *one) for one in zip(GUILDS, shares, strict=True)))
        recorded = await place.recorded(*GUILDS)
        for life in lives:
            await assert_shown(place, life)
            assert list(told(it.event for it in recorded[life.guild])) == [it.said for it in life.told]
            assert await place.history(life.guild) == list(history(life))
        assert await is_a_replay(database_url, place.processes[0].store)


async def live(place: Town, guild: int, asked: Sequence[Step]) -> Life:
    """Do all that is asked for in one guild, each through any of the processes, and hold the answers to the model's."""
    life, random = Life(guild, Model(DEFINITION, POLICY), []), Random(guild)
    for n, each in enumerate(asked):
        step, now = resolved(each, [row["name"] for row in life.model.rows]), NOW + timedelta(minutes=n)
        wanted = ask_model(life.model, step, now)
        process = random.choice(place.processes)
        more = {"now": now, "actor": Actor(account=step.user), "order": await order(place, process, life, step)}
        earlier = await earlier_of(place, process, life, step)
        ask = partial(place.ask, guild, **more)
        written = await place.write(process, commanded(step, ask, earlier))
        assert not isinstance(written.answer, PreconditionFailedError)
        assert answered(step, written.answer) == wanted, (guild, n, step)
        at = written.outcome and written.outcome.recorded_at
        assert bool(at) == bool(life.model.said), (guild, n, step)
        if written.outcome and at:
            life.told.extend(Told(written.outcome.position, at, step.user, said) for said in life.model.said)
    return life


async def order(place: Town, process: Parts, life: Life, step: Step) -> tuple[str, ...]:
    """Return the order as the tables show it, where it counts."""
    if step.operation in ("Create", "Delete"):
        return ()
    await place.seen(process, life.told[-1].position if life.told else 0)
    return await place.order(process, life.guild)


async def earlier_of(place: Town, process: Parts, life: Life, step: Step) -> Earlier | None:
    """Return the row that an Undo brings back, as the log shows it."""
    if step.operation != "Undo":
        return None
    key = step.fields["key"]
    positions = [0, *(it.position for it in life.told if it.said.key == key)]
    _, earlier = await row_at(process, life.guild, place.defined, key, positions[events_back(step, len(positions) - 1)])
    return earlier


async def assert_shown(place: Town, life: Life) -> None:
    """Assert that the rows are those of the model: in the tables without passwords, and in the log with them."""
    shown = await place.rows(life.guild)
    streams = [ROW.stream(life.guild, named(row["name"])) for row in life.model.rows]
    states = await place.processes[0].store.load_many(ROW, streams)
    last = {str(it.said.key): it.position for it in life.told}
    assert [row.fields for _, row in shown.in_order()] == [_open(row) for row in life.model.rows]
    assert [states[stream].state.values() for stream in streams] == life.model.rows
    assert [row.at for _, row in shown.in_order()] == [last[str({"name": row["name"]})] for row in life.model.rows]
    assert shown.position == life.told[-1].position


def history(life: Life) -> Iterator[Deed]:
    """Return who did what when, and what the rows were before and after, as the model remembers them."""
    seen: Counter[str] = Counter()
    for position, at, user, said in life.told:
        key = str(said.key)
        past = life.model.past.get(key, [])[seen[key] :] if said.key else [None, None]
        seen[key] += 1
        yield Deed(
            position=position,
            at=moment(at.astimezone(UTC)),
            actor=Doer("user", str(user)),
            operation=OPERATION_OF[said.what],
            key=said.key or None,
            before=_masked(past[0]),
            after=_masked(past[1]),
            restore_id=None,
        )


def _open(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "token"}


def _masked(row: Json | None) -> Json | None:
    return None if row is None else masked(_open(row), {"token": row["token"]})

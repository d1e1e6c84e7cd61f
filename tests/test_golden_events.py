"""Stored shapes are for ever: a type or a field once written down is read in every later release."""

from typing import Annotated, Literal

import msgspec

from domain.catalogue import EVENTS
from tests import golden_events
from tests.golden_events import WRITE, FieldShape, breaches, read_golden, shapes_of

HELD = {
    "award": FieldShape("int", required=True),
    "name": FieldShape("str", required=True, sealed=True),
    "reason": FieldShape("one of values", default="won", values=["given", "won"]),
    "from": FieldShape("int | None"),
}


class Held(msgspec.Struct):
    """An event type of that shape."""

    award: int
    name: Annotated[str, msgspec.Meta(extra={"sealed": True})]
    reason: Literal["won", "given"] = "won"
    origin: int | None = msgspec.field(name="from", default=None)


def breaches_with(**fields: FieldShape) -> list[str]:
    """Return the breaches when these fields are added to the stored ones or take their place."""
    return breaches({"awards.Held": HELD}, {"awards.Held": HELD | fields})


def test_no_stored_shape_was_changed() -> None:
    assert breaches(read_golden(), shapes_of(EVENTS)) == []


def test_every_stored_shape_is_written_down() -> None:
    assert read_golden() == shapes_of(EVENTS), f"{golden_events.GOLDEN.name} lacks new shapes: {WRITE}"


def test_a_shape_is_read_from_the_event_type_under_its_stored_names() -> None:
    assert shapes_of({"awards.Held": Held}) == {"awards.Held": HELD}


def test_the_golden_file_reads_back_as_it_was_written() -> None:
    shapes = {"awards.Empty": {}, "awards.Held": HELD, **shapes_of(EVENTS)}
    assert msgspec.json.decode(golden_events.written(shapes), type=golden_events.Shapes) == shapes


def test_a_new_type_is_an_addition() -> None:
    assert breaches({}, {"awards.Held": HELD}) == []


def test_a_new_field_with_a_default_is_an_addition() -> None:
    assert breaches_with(place=FieldShape("int | None")) == []


def test_a_new_value_is_an_addition() -> None:
    assert breaches_with(reason=FieldShape("one of values", default="won", values=["bought", "given", "won"])) == []


def test_a_type_that_vanishes_is_a_breach() -> None:
    assert breaches({"awards.Held": HELD}, {}) == ["awards.Held: the event type is gone"]


def test_a_new_field_without_a_default_is_a_breach() -> None:
    found = breaches_with(place=FieldShape("int", required=True))
    assert found == ["awards.Held.place: a new field needs a default, stored events do not have it"]


def test_a_field_that_is_removed_or_renamed_is_a_breach() -> None:
    renamed = {"origin" if name == "from" else name: shape for name, shape in HELD.items()}
    found = breaches({"awards.Held": HELD}, {"awards.Held": renamed})
    assert found == ["awards.Held.from: the field is gone, or has another name"]


def test_another_type_is_a_breach() -> None:
    found = breaches_with(award=FieldShape("str", required=True))
    assert found == ['awards.Held.award: was {"type": "int", "required": true}, is {"type": "str", "required": true}']


def test_a_personal_field_that_is_no_longer_sealed_is_a_breach() -> None:
    assert len(breaches_with(name=FieldShape("str", required=True))) == 1


def test_another_default_is_a_breach() -> None:
    assert len(breaches_with(reason=FieldShape("one of values", default="given", values=["given", "won"]))) == 1


def test_a_value_that_is_no_longer_accepted_is_a_breach() -> None:
    found = breaches_with(reason=FieldShape("one of values", default="won", values=["won"]))
    assert found == ["awards.Held.reason: values that are stored are not accepted any more"]

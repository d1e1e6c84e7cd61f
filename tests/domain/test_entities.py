"""Every stream has a kind, whoever wrote it."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import domain
from domain.accounts.aggregate import ACCOUNT, SIGNUPS
from domain.awards.aggregate import AWARD, HOLDING
from domain.entities import ENTITIES, PARTICULAR, entity_of
from domain.kernel import Entity
from domain.privacy.aggregate import RETENTION, SUBJECT
from domain.privacy.readers import READER
from domain.settings.aggregate import NEW_ROW, ROW


def defined() -> dict[str, Entity[object]]:
    """Return every kind of stream that some module of the domain defines."""
    modules = (import_module(found.name) for found in pkgutil.walk_packages(domain.__path__, "domain."))
    members = (pair for module in modules for pair in inspect.getmembers(module))
    return {name: value for name, value in members if isinstance(value, Entity)}


def test_all_kinds_that_there_are_can_be_told_from_a_stream() -> None:
    known = [*ENTITIES, *(entity for _, entity in PARTICULAR)]
    assert [name for name, entity in defined().items() if entity not in known and entity is not NEW_ROW] == []


@pytest.mark.parametrize(
    ("stream", "entity"),
    [
        ("accounts-204", ACCOUNT),
        ("accounts-signups", SIGNUPS),
        ("awards-8", AWARD),
        ("awards-8-204", HOLDING),
        (ROW.stream(920, "0a"), ROW),
        ("privacy-reader-accounts-204", READER),
        ("privacy-subject-accounts-204", SUBJECT),
        (RETENTION.stream(), RETENTION),
        ("guilds-920", None),
        ("nothing-5", None),
        ("accounts", None),
        ("", None),
    ],
)
def test_the_kind_of_a_stream_is_told_by_its_name(stream: str, entity: Entity[object] | None) -> None:
    assert entity_of(stream) is entity


def test_no_kind_hides_another() -> None:
    prefixes = [entity.prefix() for entity in ENTITIES]
    assert [(one, other) for one in prefixes for other in prefixes if one != other and one.startswith(other)] == []

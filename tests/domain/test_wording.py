"""What somebody asks for is written down for ever: ids and the words of the book, and nobody's name."""

import pytest

from domain.wording import recordable, recordable_name


@pytest.mark.parametrize(
    "name",
    [
        *("accounts-204", "guilds-role-920-940", "privacy-reader-apps-310", "privacy-subject-accounts-5"),
        *("accounts-signups", "privacy-retention", "operator", "guilds.RoleCreated", "guilds"),
        *("1c2fd8a0b9e1d2f3-12", "6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11"),
    ],
)
def test_ids_and_the_words_of_the_book_are_written_down(name: str) -> None:
    assert recordable_name(name) == name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ines", "?"),
        ("accounts-ines", "accounts-?"),
        ("guilds-role-920-ines", "guilds-role-920-?"),
        ("settings-template-$ines", "settings-template-?"),
        ("ines.RoleCreated", "?"),
        ("bea", "?"),
        ("", "?"),
    ],
)
def test_what_may_be_a_name_is_not(name: str, written: str) -> None:
    assert recordable_name(name) == written


def test_of_several_words_each_is_looked_at() -> None:
    assert recordable("role deleted Ines 920") == "role deleted ? 920"

"""What goes wrong is said in one line with what to do, and an exit code."""

from pathlib import Path

import pytest

from tests.cli.commands import done, refused
from tests.servers import MASTER_KEY, free_port


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("LOG_REQUESTS", "perhaps"), ("MAX_SESSION_AGE", "long"), ("LOG_LEVEL", "loud")],
)
def test_a_wrong_setting_is_refused(name: str, value: str) -> None:
    refused("up", settings={f"GUILDBOOK_{name}": value})


def test_an_unreachable_database_is_named_without_its_password() -> None:
    url = f"postgresql://somebody:secret@127.0.0.1:{free_port()}/guildbook"
    line = refused("migrate", settings={"GUILDBOOK_DATABASE_URL": url}, code=3)
    assert "the database cannot be used" in line
    assert "secret" not in line


def test_a_url_that_is_none_is_not_repeated() -> None:
    line = refused("migrate", settings={"GUILDBOOK_DATABASE_URL": "postgresql//secret"})
    assert "the URL of the database cannot be read" in line
    assert "secret" not in line


def test_a_missing_master_key_is_asked_for(database_url: str, tmp_path: Path) -> None:
    settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_DATA": str(tmp_path / "none")}
    assert "GUILDBOOK_MASTER_KEY" in refused("events", settings=settings)


def test_a_master_key_that_is_none_is_refused(database_url: str) -> None:
    settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": "short"}
    assert "must be base64" in refused("events", settings=settings)


def test_a_folder_without_a_book_is_not_made_one(tmp_path: Path) -> None:
    assert "there is no book in" in refused("events", "--data", str(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rebuild", "nothing"), "there are accounts, apps"),
        (("apps", "create", "bot", "-g", "everything"), "there are manage_permissions"),
        (("apps", "view", "B1"), "is no app"),
        (("work", "hard"), "'projector'"),
        (("users", "superuser", "0"), "range"),
        (("nonsense",), "No such command"),
    ],
)
def test_a_wrong_call_is_a_matter_of_usage(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments, code=2)


def test_every_command_teaches_itself() -> None:
    assert done("--version").startswith("guildbook ")
    listed = [line.split()[0] for line in done("--help").partition("Commands:\n")[2].splitlines()]
    for command in listed:
        assert f"guildbook {command}" in done(command, "--help").partition("\n")[2]


def test_every_setting_is_listed_and_no_secret_shown() -> None:
    shown = done("settings", settings={"GUILDBOOK_MASTER_KEY": MASTER_KEY, "GUILDBOOK_PORT": "9000"})
    assert "GUILDBOOK_PORT  (number, default 8080)" in shown
    assert "Now: 9000" in shown
    assert MASTER_KEY not in shown

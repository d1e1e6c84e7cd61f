"""`guildbook settings`: everything that can be set."""

import os
from typing import get_args, get_type_hints

import click
import msgspec

from schemas.settings import PREFIX, Settings, read_settings

SECRETS = {"database_url", "master_key", "oauth_client_secret", "discord_bot_token", "kafka_password"}


@click.command()
def settings() -> None:
    """List every setting: its type, its default, what it is now, and what it is for.

    \b
    GUILDBOOK_LOG_REQUESTS=yes guildbook settings

    Settings are environment variables. A value that a setting cannot have is refused.
    """
    hints = get_type_hints(Settings, include_extras=True)
    for field in msgspec.structs.fields(Settings):
        name = f"{PREFIX}{field.name.upper()}"
        kind, about = get_args(hints[field.name])
        click.echo(f"{name}  ({_kind(kind)}, default {_written(field.default)})")
        click.echo(f"    {about.description}")
        if os.environ.get(name):
            click.echo(f"    Now: {'set' if field.name in SECRETS else os.environ[name]}")
    click.echo(f"{PREFIX}DATA  (folder, default .guildbook)\n    Folder of the book, as --data.")
    read_settings(os.environ)


def _kind(kind: object) -> str:
    words: dict[object, str] = {bool: "yes or no", int: "number", str: "text", str | None: "text"}
    return words[kind] if kind in words else " or ".join(get_args(kind))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)

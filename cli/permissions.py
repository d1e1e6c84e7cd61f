"""Permissions and apps as an operator writes and reads them."""

import click

from cli.output import tell
from domain.permissions import Permission, bits_of

NAME_CHARACTERS_MAX = 255
NAMES = {str(permission.name).lower(): permission for permission in Permission}


def read_permissions(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    """Read `manage-teams,manage_awards`; what an app cannot hold is left out, with a warning."""
    words = [word for word in text.lower().replace("-", "_").replace(",", " ").split() if word]
    for word in words:
        if word not in NAMES:
            message = f"{word!r} is no permission; there are {', '.join(NAMES)}."
            raise click.BadParameter(message)
    if NAMES["manage_own_team"] in (NAMES[word] for word in words):
        tell("warning: manage_own_team means nothing for an app and is left out")
    return sum(NAMES[word] for word in dict.fromkeys(words)) & ~Permission.MANAGE_OWN_TEAM


def listed(permissions: int) -> str:
    """Write permissions as `read_permissions` reads them."""
    return ",".join(str(Permission(bit).name).lower() for bit in bits_of(permissions)) or "none"


def read_name(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Read the name of an app."""
    if text is None or (1 <= len(text) <= NAME_CHARACTERS_MAX and text.isprintable()):
        return text
    message = f"a name is 1 to {NAME_CHARACTERS_MAX} printable characters."
    raise click.BadParameter(message)


class AppNumber(click.ParamType[int]):
    """An app, as `1` or by its username `A1`."""

    name = "ID"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        digits = str(value).upper().removeprefix("A")
        if not (digits.isascii() and digits.isdigit()):
            self.fail(f"{value!r} is no app: write its number, as 1 or A1.", param, ctx)
        return int(digits)

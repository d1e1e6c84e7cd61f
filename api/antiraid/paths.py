"""Reads ids from paths."""

import re

from api.antiraid.errors import BadRequestError
from api.parts import Asked

SNOWFLAKE = re.compile(r"[0-9]{1,20}")
SNOWFLAKE_MAX = 2**64 - 1


def guild_in_path(request: Asked) -> int:
    """Return the guild that the path names, whether or not there is one. Errors: BadRequestError."""
    text: str = request.path_params["guild_id"]
    if not SNOWFLAKE.fullmatch(text) or int(text) > SNOWFLAKE_MAX:
        raise BadRequestError("guild_id: must be 1 to 20 digits, and fit into 64 bits")
    return int(text)

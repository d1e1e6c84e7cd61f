"""The wire shapes of what bots say about settings on `/book`, and of how rows came to be what they are."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from schemas.book import BIGINT_MAX

JsonObject = dict[str, Any]


class NewTemplate(msgspec.Struct, frozen=True):
    """A template as its bot says it; `guild_ids` null is every guild that has the bot."""

    settings: list[JsonObject]
    guild_ids: list[str] | None = None
    policies: dict[str, JsonObject] = {}


class Template(msgspec.Struct, frozen=True):
    """A template as it stands. `owner_id` null: the operator's. `position` is where it was said last."""

    name: str
    owner_id: str | None
    guild_ids: Sequence[str] | None
    revision: int
    position: int
    settings: msgspec.Raw
    policies: msgspec.Raw


class Doer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did it: a user, through a session; a bot; or the operator, who has no id."""

    type: Literal["user", "bot", "operator"]
    id: str | None
    session: str | None = None


class Deed(msgspec.Struct, frozen=True):
    """Something that happened to a row, or to all of them (`key` null): the row before and after, without passwords."""

    position: int
    at: str
    actor: Doer
    operation: str
    key: JsonObject | None
    before: JsonObject | None
    after: JsonObject | None
    restore_id: str | None


class Undo(msgspec.Struct, frozen=True):
    """Bring the row of this key back to how it stood at a position of the log."""

    key: JsonObject
    position: Annotated[int, msgspec.Meta(ge=0, le=BIGINT_MAX)]

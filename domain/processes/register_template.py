"""Register a template of settings, or say it anew; the permissions that it names are those of guilds."""

from domain.guilds.permissions import FLAGS
from domain.kernel import Book
from domain.settings import aggregate
from domain.settings.aggregate import TEMPLATE, TemplateReservedError, template_id
from domain.settings.events import JsonValue
from domain.settings.reading import RESERVED, read_template


async def register_template(
    book: Book,
    *,
    name: str,
    owner: int | None,
    may_reserve: bool,
    settings: JsonValue,
    policies: JsonValue = None,
    guild_ids: JsonValue = None,
) -> None:
    """Register what a bot (None: the operator) says, as it came in.

    Errors: DefinitionError, TemplateOwnedError, TemplateReservedError.
    """
    if name.startswith(RESERVED) and not may_reserve:
        raise TemplateReservedError
    guilds, read, ruled = read_template(name, settings, policies, guild_ids, FLAGS)
    template = await book.load(TEMPLATE, template_id(name))
    events = aggregate.register_template(template, name=name, owner=owner, guilds=guilds, settings=read, policies=ruled)
    book.append(TEMPLATE.stream(template_id(name)), events)

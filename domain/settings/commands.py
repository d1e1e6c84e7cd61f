"""Commands that concern templates and nothing else, and what every operation on a setting begins with."""

from domain.kernel import Book, UnknownError
from domain.settings import aggregate
from domain.settings.aggregate import TEMPLATE, template_id
from domain.settings.definitions import Defined, DefinitionError
from domain.settings.reading import NAME
from domain.settings.refusals import SettingRefusedError, SettingUnknownError


async def withdraw_template(book: Book, *, name: str, owner: int | None) -> None:
    """Withdraw a template of this bot (None: of the operator). Errors: UnknownError, TemplateOwnedError."""
    template = await book.load(TEMPLATE, template_id(name)) if NAME.fullmatch(name) else None
    if template is None:
        raise UnknownError(TEMPLATE.context, name)
    book.append(TEMPLATE.stream(template_id(name)), aggregate.withdraw_template(template, owner))


async def load_defined(book: Book, *, guild: int, template: str, setting: str) -> Defined:
    """Return a setting as its template defines it now for this guild.

    Errors: SettingUnknownError, SettingRefusedError.
    """
    known = await book.load(TEMPLATE, template_id(template))
    if known is None or not known.is_for(guild):
        raise SettingUnknownError
    if isinstance(known.parsed, DefinitionError):
        text = f"The definitions of {template} cannot be read"
        raise SettingRefusedError("Generic", text, message=str(known.parsed), src="definitions", typ="unreadable")
    if setting not in known.parsed:
        raise SettingUnknownError
    return known.parsed[setting]

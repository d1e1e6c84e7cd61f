"""The rules of a template: everybody may load it, bots attach themselves to it, its creator withdraws it."""

import msgspec

from domain.kernel import Entity, Event, RefusalError
from domain.templates.events import BotAttached, BotDetached, Counts, TemplatePublished, TemplateWithdrawn


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template that may be loaded: a guild as it was at position `at`. `bots` stand in the order of attaching."""

    id: str
    guild: int
    creator: int
    at: int
    digest: str
    name: str
    description: str = ""
    backup: str | None = None
    counts: Counts = Counts()
    bots: tuple[int, ...] = ()


class TemplateNotYoursError(RefusalError):
    """Only its creator may change or withdraw a template."""


class TemplateIdTakenError(RefusalError):
    """There was a template of this id already; with another id it may be published."""


# How events change it. The names of the events are stored for ever.


def evolve(template: Template | None, event: Event) -> Template | None:
    """Apply one event of a template."""
    match event:
        case TemplatePublished():
            told = {name: getattr(event, name) for name in Template.__struct_fields__ if hasattr(event, name)}
            return Template(id=event.template, **told)
        case BotAttached(bot=bot) if template:
            return msgspec.structs.replace(template, bots=(*template.bots, bot))
        case BotDetached(bot=bot) if template:
            return msgspec.structs.replace(template, bots=tuple(each for each in template.bots if each != bot))
        case TemplateWithdrawn():
            return None
        case _:
            return template


TEMPLATE = Entity[Template]("templates", evolve)


# What may happen next.


def publish_template(wanted: Template) -> list[Event]:
    """Publish a template."""
    told = {name: getattr(wanted, name) for name in TemplatePublished.__struct_fields__ if hasattr(wanted, name)}
    return [TemplatePublished(template=wanted.id, **told)]


def attach_bot(template: Template, bot: int, user: int | None) -> list[Event]:
    """Let the bot restore its settings after loads of this template."""
    require_creator(template, user)
    return [] if bot in template.bots else [BotAttached(template=template.id, bot=bot)]


def detach_bot(template: Template, bot: int, user: int | None) -> list[Event]:
    """Let the bot not do that any more."""
    require_creator(template, user)
    return [BotDetached(template=template.id, bot=bot)] if bot in template.bots else []


def withdraw_template(template: Template, user: int) -> list[Event]:
    """Let the template not be loaded any more."""
    require_creator(template, user)
    return [TemplateWithdrawn(template=template.id)]


def require_creator(template: Template, user: int | None) -> None:
    """Refuse a user who is not the template's creator; None is nobody in particular, and is let through."""
    if user is not None and template.creator != user:
        raise TemplateNotYoursError

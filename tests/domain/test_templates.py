"""The rules of a template by itself: bots attach themselves once, and its creator withdraws it."""

from domain.kernel import UnknownError
from domain.templates.aggregate import TEMPLATE, TemplateNotYoursError
from domain.templates.commands import attach_bot, detach_bot, withdraw_template
from domain.templates.events import BotAttached, BotDetached, TemplatePublished, TemplateWithdrawn
from tests.domain.book import given

NAME = "pQ7nB2xLm4Tz"
PUBLISHED = TemplatePublished(template=NAME, guild=1000, creator=7, at=12, digest="ab", name="Azores")
ATTACHED = BotAttached(template=NAME, bot=8800)
DETACHED = BotDetached(template=NAME, bot=8800)
WITHDRAWN = TemplateWithdrawn(template=NAME)


def test_a_bot_is_attached_once() -> None:
    given(PUBLISHED).when(attach_bot, template=NAME, bot=8800).then(ATTACHED).again().says_nothing()


def test_a_bot_is_detached_once() -> None:
    given(PUBLISHED, ATTACHED).when(detach_bot, template=NAME, bot=8800).then(DETACHED).again().says_nothing()


def test_a_bot_that_was_detached_is_attached_again_as_the_last() -> None:
    other = BotAttached(template=NAME, bot=9900)
    story = given(PUBLISHED, ATTACHED, other, DETACHED).when(attach_bot, template=NAME, bot=8800).then(ATTACHED)
    template = story.book.state(TEMPLATE, TEMPLATE.stream(NAME))
    assert template
    assert template.bots == (9900, 8800)


def test_only_the_creator_is_let_through_where_a_user_is_named() -> None:
    given(PUBLISHED).when(attach_bot, template=NAME, bot=8800, user=7).then(ATTACHED)
    given(PUBLISHED, ATTACHED).when(detach_bot, template=NAME, bot=8800, user=7).then(DETACHED)
    given(PUBLISHED).when(attach_bot, template=NAME, bot=8800, user=8).refuses(TemplateNotYoursError)
    given(PUBLISHED, ATTACHED).when(attach_bot, template=NAME, bot=8800, user=8).refuses(TemplateNotYoursError)
    given(PUBLISHED, ATTACHED).when(detach_bot, template=NAME, bot=8800, user=8).refuses(TemplateNotYoursError)


def test_a_template_is_withdrawn_once_and_by_its_creator() -> None:
    given(PUBLISHED).when(withdraw_template, template=NAME, user=8).refuses(TemplateNotYoursError)
    given(PUBLISHED).when(withdraw_template, template=NAME, user=7).then(WITHDRAWN).again().refuses(UnknownError)


def test_no_bot_is_attached_to_what_is_no_template_any_more() -> None:
    for past in ((), (PUBLISHED, ATTACHED, WITHDRAWN)):
        given(*past).when(attach_bot, template=NAME, bot=8800).refuses(UnknownError)
        given(*past).when(detach_bot, template=NAME, bot=8800).refuses(UnknownError)

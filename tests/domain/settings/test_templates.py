"""A template is registered, said anew, withdrawn and registered again by whom it belongs to."""

import pytest

from domain.guilds.permissions import FLAGS
from domain.kernel import UnknownError
from domain.processes.register_template import register_template
from domain.settings.aggregate import TEMPLATE, TemplateOwnedError, TemplateReservedError, template_id
from domain.settings.commands import withdraw_template
from domain.settings.definitions import DefinitionError, parse_template
from domain.settings.events import TemplateRegistered, TemplateRevised, TemplateWithdrawn
from domain.settings.reading import read_template
from tests.domain.book import Story, given
from tests.domain.settings.community import BOT, GUILD, Desk, Json, Value, column, key, setting, template

OTHER_BOT = 78
RULES = setting(key(), column("held", nullable=True))
_, STORED, POLICY = read_template("keeper", [RULES], {"rules": {"max_rows": 5}}, None, FLAGS)
REGISTERED = TemplateRegistered(template="keeper", owner=BOT, settings=STORED, policies=POLICY)
WITHDRAWN = TemplateWithdrawn(template="keeper")
SAID: Json = {"settings": [RULES], "policies": {"rules": {"max_rows": 5}}}


def register(story: Story, owner: int | None = BOT, name: str = "keeper", **said: Value) -> Story:
    asked = {"may_reserve": owner is None} | SAID | said
    return story.when(register_template, name=name, owner=owner, **asked)


def test_a_template_is_registered_and_asked_twice_nothing_new_is_said() -> None:
    register(given()).then(REGISTERED).again().says_nothing()


def test_a_template_is_revised_by_its_owner() -> None:
    revised = TemplateRevised(template="keeper", guilds=(GUILD,), settings=STORED, policies=POLICY)
    register(given(REGISTERED), guild_ids=[str(GUILD)]).then(revised).again().says_nothing()
    dropped = TemplateRevised(template="keeper", settings=STORED)
    register(given(REGISTERED), policies=None).then(dropped)


def test_a_template_belongs_to_who_registered_it_first() -> None:
    for other in (OTHER_BOT, None):
        register(given(REGISTERED), owner=other).refuses(TemplateOwnedError)
        register(given(REGISTERED, WITHDRAWN), owner=other).refuses(TemplateOwnedError)
        given(REGISTERED).when(withdraw_template, name="keeper", owner=other).refuses(TemplateOwnedError)


def test_a_template_is_withdrawn_once_and_comes_back_when_it_is_registered_again() -> None:
    story = given(REGISTERED).when(withdraw_template, name="keeper", owner=BOT)
    story.then(WITHDRAWN).again().says_nothing()
    register(given(REGISTERED, WITHDRAWN)).then(REGISTERED)


@pytest.mark.parametrize("name", ["keeper", "not a\nname", ""])
def test_only_a_known_template_is_withdrawn(name: str) -> None:
    given().when(withdraw_template, name=name, owner=BOT).refuses(UnknownError)


def test_names_that_begin_with_a_dollar_are_reserved() -> None:
    register(given(), name="$keeper").refuses(TemplateReservedError)
    mine = TemplateRegistered(template="$keeper", owner=BOT, settings=STORED, policies=POLICY)
    register(given(), name="$keeper", may_reserve=True).then(mine)


def test_a_template_of_the_operator_has_no_bot() -> None:
    theirs = TemplateRegistered(template="$builtins", owner=None, settings=STORED, policies=POLICY)
    register(given(), owner=None, name="$builtins").then(theirs)


def test_a_name_with_a_blank_has_a_stream_of_its_own() -> None:
    named = TemplateRegistered(template="my keeper", owner=BOT, settings=STORED, policies=POLICY)
    register(given(), name="my keeper").then(named)
    assert template_id("my keeper") == "my+keeper"


def test_a_template_with_faults_is_not_registered() -> None:
    register(given(), settings=[{}]).refuses(DefinitionError)
    register(given(), policies={"rules": {"write_permission": "DANCE"}}).refuses(DefinitionError)


def test_each_registration_is_a_revision() -> None:
    book = given(REGISTERED, TemplateRevised(template="keeper"), WITHDRAWN, REGISTERED).book
    known = book.state(TEMPLATE, "settings-template-keeper")
    assert known is not None
    assert (known.revision, known.is_withdrawn, known.settings) == (3, False, STORED)
    assert known.parsed == parse_template("keeper", BOT, STORED, POLICY)


def test_nothing_is_written_by_a_withdrawn_template_and_its_rows_wait() -> None:
    desk = Desk(template(RULES))
    desk.do("Create", {"name": "a"})
    gone = Desk(*desk.log, WITHDRAWN)
    with pytest.raises(Exception, match="No template"):
        gone.do("Delete", {"name": "a"})
    back = Desk(*desk.log, WITHDRAWN, template(RULES))
    assert [row.key for row in back.rows()] == [{"name": "a"}]


def test_a_stored_definition_that_can_no_longer_be_read_stops_only_its_template() -> None:
    broken = TemplateRegistered(template="broken", owner=BOT, settings=({"id": "rules", "columns": 5},))
    desk = Desk(broken, template(RULES))
    assert desk.refused("Create", {"name": "a"}, template="broken")["src"] == "definitions"
    desk.do("Create", {"name": "a"})

"""Who may restore settings: who may write them in the target, and may see them in the source; and when."""

import pytest

from domain.guilds.events import GuildCreated, MemberJoined, MemberLeft
from domain.kernel import UnknownError
from domain.permissions import Actor
from domain.processes.require_restore import LoadRunningError, RestoreDeniedError
from domain.settings.events import RowCreated
from tests.domain.settings.community import (
    ADMIN,
    BOT,
    GUILD,
    MANAGER,
    OWNER,
    PLAIN,
    ROLE_KEEPER,
    STRANGER,
    Json,
    Value,
    column,
    key,
    setting,
    template,
)
from tests.domain.settings.moving import RULES, SOURCE, Mover, actions, load, refused_with, row

GONE = MemberLeft(guild=SOURCE, user=BOT)
OTHER_BOT = 78


def refuses(mover: Mover, **more: Value) -> str:
    """Return why it is not allowed, whether it is asked for beforehand or done."""
    beforehand = refused_with(lambda: mover.require(**more))
    done = refused_with(lambda: mover.restore(row(), **more))
    assert (mover.said, str(done)) == ([], str(beforehand))
    return str(done)


def denied(mover: Mover, **more: Value) -> bool:
    return refuses(mover, **more).startswith(str(RestoreDeniedError()))


@pytest.mark.parametrize("user", [OWNER, MANAGER])
def test_who_may_write_here_and_manage_there_restores(user: int) -> None:
    mover = Mover(user=user)
    mover.require()
    assert actions(mover.restore(row())) == ["create"]


@pytest.mark.parametrize("user", [PLAIN, ROLE_KEEPER, STRANGER])
def test_who_may_not_write_here_does_not(user: int) -> None:
    assert denied(Mover(MemberJoined(guild=SOURCE, user=user, roles=(841,)), user=user))


@pytest.mark.parametrize("operation", ["Create", "Update"])
def test_every_permission_of_writing_is_needed(operation: str) -> None:
    assert denied(Mover(user=MANAGER, operation_permissions={operation: "ADMINISTRATOR"}))


def test_who_may_not_manage_the_source_does_not() -> None:
    for past in ((), (MemberJoined(guild=SOURCE, user=ADMIN),), load(user=ADMIN)):
        assert denied(Mover(*past, user=ADMIN))


def test_the_owner_of_the_source_need_not_be_listed_there() -> None:
    mover = Mover(MemberLeft(guild=SOURCE, user=OWNER))
    assert actions(mover.restore(row())) == ["create"]


def test_when_the_source_is_gone_who_loaded_a_backup_restores() -> None:
    assert actions(Mover(GONE, *load(user=ADMIN), user=ADMIN).restore(row())) == ["create"]


def test_a_source_that_was_never_known_is_gone() -> None:
    loaded = Mover(*load(user=ADMIN, source=404), user=ADMIN)
    assert actions(loaded.restore(row(), source=404)) == ["create"]
    assert denied(Mover(*load(user=ADMIN), user=ADMIN), source=404)


@pytest.mark.parametrize(
    "past",
    [
        load(user=PLAIN),
        load(user=ADMIN, type="template"),
        load(user=ADMIN, ended="refused"),
    ],
)
def test_other_loads_prove_nothing(past: list[Value]) -> None:
    assert denied(Mover(GONE, *past, user=ADMIN))


def test_a_guild_that_was_made_here_needs_no_bot_to_be_there() -> None:
    native = GuildCreated(guild=SOURCE, origin="native", owner=OWNER, name="Attic")
    assert denied(Mover(GONE, native, *load(user=ADMIN), user=ADMIN))


def test_what_cannot_be_seen_in_the_source_is_not_restored() -> None:
    for policy, allowed in (({}, True), ({"view_permission": "BAN_MEMBERS"}, False)):
        mover = Mover(rules=setting(key(), column("held", nullable=True)), user=MANAGER, **policy)
        assert (actions(mover.restore(row())) == ["create"]) == allowed
    assert actions(Mover(view_permission="BAN_MEMBERS").restore(row())) == ["create"]


def test_passwords_are_for_who_may_write_them_in_the_source() -> None:
    here = (MemberJoined(guild=GUILD, user=MANAGER, roles=(945, 941)),)
    mover = Mover(*here, user=MANAGER, write_permission="ADMINISTRATOR")
    [skipped] = mover.restore(row(secrets={"token": "x"}))
    assert skipped.refusal is not None
    assert (skipped.action, skipped.refusal.members["typ"]) == ("skip", "permission_denied")


def test_a_bot_restores_its_own_settings_without_a_user() -> None:
    mover = Mover(user=None)
    bot: Json = {"actor": Actor(app=BOT), "user": None}
    mover.require(**bot)
    assert actions(mover.restore(row(roles=["849"]), **bot)) == ["create"]


def test_a_bot_restores_nothing_of_another() -> None:
    for user in (None, OWNER):
        assert "belongs to another bot" in refuses(Mover(), actor=Actor(app=OTHER_BOT), user=user)


def test_the_operators_templates_are_the_primary_bots() -> None:
    mover = Mover(template(RULES, owner=None))
    bot: Json = {"actor": Actor(app=OTHER_BOT), "user": None}
    assert denied(mover, **bot)
    assert actions(mover.restore(row(), primary_bot=OTHER_BOT, **bot)) == ["create"]


def test_a_bot_that_asks_for_a_user_needs_what_the_user_needs() -> None:
    assert denied(Mover(), actor=Actor(app=BOT), user=PLAIN)
    [made] = Mover().restore(row(), actor=Actor(app=BOT), user=MANAGER)
    assert made.action == "create"


def test_nothing_is_restored_while_a_load_runs() -> None:
    mover = Mover(*load(ended=None))
    assert refuses(mover) == str(LoadRunningError())
    assert actions(mover.restore(row(), load="ld_1")) == ["create"]
    assert refuses(Mover(*load(ended=None), *load(load="ld_2", ended=None)), load="ld_1") == str(LoadRunningError())


def test_a_load_says_which_restore_was_its_own() -> None:
    mover = Mover()
    mover.restore(row(), load="ld_1", backup="b1")
    begun, made = mover.said
    assert isinstance(made, RowCreated)
    assert (getattr(begun, "load", None), getattr(begun, "backup", None)) == ("ld_1", "b1")


def test_a_target_that_is_not_known_is_refused() -> None:
    assert isinstance(refused_with(lambda: Mover().require(target=404)), UnknownError)

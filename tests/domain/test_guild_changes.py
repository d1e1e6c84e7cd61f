"""The rules of changes in a guild: taken in in order, all of them or nothing."""

import pytest

from domain.guilds.commands import apply_changes
from domain.guilds.decisions import EveryoneDeletedError, NativeGuildError
from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    GuildUpdated,
    MemberBanned,
    MemberJoined,
    MemberLeft,
    MemberRolesChanged,
    MemberUnbanned,
    OwnershipTransferred,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from domain.guilds.reports import (
    BanGone,
    BanReport,
    Change,
    ChannelGone,
    ChannelReport,
    GuildReport,
    MemberGone,
    MemberReport,
    RoleGone,
    RoleReport,
)
from domain.kernel import UnknownError
from tests.domain.book import Story, given
from tests.domain.test_guilds import CREATED, EVERYONE, HALL, INES, MEMBER, MODS, NATIVE

PAST = (CREATED, EVERYONE, MODS, HALL, MEMBER)


def changed(*changes: Change) -> Story:
    return given(*PAST).when(apply_changes, guild=1, changes=changes)


def test_every_type_of_change_says_what_is_new_and_nothing_the_second_time() -> None:
    changed(
        GuildReport(id=1, name="Madeira", owner=INES),
        RoleReport(id=3, name="Crew"),
        RoleGone(2),
        ChannelReport(id=6, kind=2, name="song"),
        ChannelGone(5),
        MemberReport(id=9, username="rui"),
        MemberGone(INES),
        BanReport(id=INES, reason="spam"),
        BanGone(99),
    ).then(
        GuildUpdated(guild=1, name="Madeira"),
        OwnershipTransferred(guild=1, former=7, owner=INES),
        RoleCreated(guild=1, role=3, name="Crew"),
        RoleDeleted(guild=1, role=2),
        ChannelCreated(guild=1, channel=6, kind=2, name="song"),
        ChannelDeleted(guild=1, channel=5),
        MemberJoined(guild=1, user=9, username="rui"),
        MemberLeft(guild=1, user=INES),
        MemberBanned(guild=1, user=INES, reason="spam"),
    ).answers(9).again().says_nothing()


def test_a_change_sees_the_changes_before_it() -> None:
    changed(
        RoleReport(id=3, name="Crew"),
        RoleReport(id=3, name="Crew", position=2),
        RoleReport(id=3, name="Crew", position=2),
        MemberReport(id=INES, roles=(2, 3)),
        RoleGone(3),
        RoleGone(3),
        BanReport(id=9),
        BanGone(9),
    ).then(
        RoleCreated(guild=1, role=3, name="Crew"),
        RoleUpdated(guild=1, role=3, position=2),
        MemberRolesChanged(guild=1, user=INES, added=(3,)),
        RoleDeleted(guild=1, role=3),
        MemberBanned(guild=1, user=9),
        MemberUnbanned(guild=1, user=9),
    )


@pytest.mark.parametrize("gone", [RoleGone(99), ChannelGone(99), MemberGone(99), BanGone(99)])
def test_deleting_what_is_not_known_does_nothing(gone: Change) -> None:
    changed(gone).says_nothing().answers(0)


def test_everyone_is_never_deleted_and_then_nothing_else_happens_either() -> None:
    story = changed(RoleReport(id=3, name="Crew"), RoleGone(1))
    story.refuses(EveryoneDeletedError)
    assert "guilds-role-1-3" not in story.book.streams


def test_changes_are_of_a_guild_that_is_known_and_not_made_here() -> None:
    given().when(apply_changes, guild=1, changes=(MemberGone(9),)).refuses(UnknownError)
    given(NATIVE).when(apply_changes, guild=1, changes=(MemberGone(9),)).refuses(NativeGuildError)

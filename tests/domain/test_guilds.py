"""The rules of a guild that bots report: only what is new is said, and what was made here is not theirs to report."""

from domain.guilds.commands import bot_left, load_standing, report_bans, report_guild, report_members
from domain.guilds.decisions import NativeGuildError
from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    GuildCreated,
    GuildUpdated,
    MemberBanned,
    MemberJoined,
    MemberLeft,
    MemberRolesChanged,
    MemberUnbanned,
    MemberUpdated,
    Overwrite,
    OverwriteRemoved,
    OverwriteSet,
    OwnershipTransferred,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from domain.guilds.reports import BanReport, ChannelReport, GuildReport, MemberReport, RoleReport
from domain.kernel import Event, UnknownError
from tests.domain.book import Story, given, run

BOT, OWNER, INES = 30, 7, 8
CREATED = GuildCreated(guild=1, origin="mirrored", owner=OWNER, name="Azores", features=("COMMUNITY",))
NATIVE = GuildCreated(guild=1, origin="native", owner=OWNER, name="Azores")
EVERYONE = RoleCreated(guild=1, role=1, name="@everyone", permissions=1024)
MODS = RoleCreated(guild=1, role=2, name="Mods", position=3, permissions=4)
HALL = ChannelCreated(
    guild=1, channel=5, kind=0, name="hall", overwrites=(Overwrite(2, 0, 8, 0), Overwrite(9, 1, 0, 4))
)
PRESENT = MemberJoined(guild=1, user=BOT, bot=True)
MEMBER = MemberJoined(guild=1, user=INES, username="ines", nick="I", roles=(2,), joined_at="2021-03-04T00:00:00Z")
PAST = (CREATED, EVERYONE, MODS, HALL, PRESENT)

GUILD_REPORT = GuildReport(id=1, owner=OWNER, name="Azores", features=("COMMUNITY",))
ROLE_REPORTS = (
    RoleReport(id=1, name="@everyone", permissions=1024),
    RoleReport(id=2, name="Mods", position=3, permissions=4),
)
CHANNEL_REPORT = ChannelReport(id=5, kind=0, name="hall", overwrites=(Overwrite(2, 0, 8, 0), Overwrite(9, 1, 0, 4)))
MEMBER_REPORT = MemberReport(id=INES, username="ines", nick="I", roles=(2,), joined_at="2021-03-04T00:00:00Z")


def reported(
    *past: Event,
    guild: GuildReport = GUILD_REPORT,
    roles: tuple[RoleReport, ...] = ROLE_REPORTS,
    channels: tuple[ChannelReport, ...] = (CHANNEL_REPORT,),
) -> Story:
    return given(*past).when(report_guild, report=guild, roles=roles, channels=channels, bot=BOT)


def test_the_first_report_makes_a_guild_known_with_all_that_is_in_it_and_who_reported_it() -> None:
    story = reported()
    story.then(CREATED, EVERYONE, MODS, HALL, PRESENT).answers(5)
    story.again().says_nothing().answers(0)


def test_a_report_says_only_what_is_different() -> None:
    changed = GuildReport(id=1, owner=OWNER, name="Madeira", icon="a_1f", features=("COMMUNITY",))
    reported(*PAST, guild=changed).then(GuildUpdated(guild=1, name="Madeira", icon="a_1f")).again().says_nothing()


def test_what_is_not_said_stays_as_it_was() -> None:
    described = GuildUpdated(guild=1, description="Nine islands", afk_timeout=300)
    reported(*PAST, described, guild=GuildReport(id=1, owner=OWNER, name="Azores")).says_nothing()


def test_what_is_said_to_be_nothing_is_nothing_from_then_on() -> None:
    described = GuildUpdated(guild=1, description="Nine islands")
    nothing = GuildReport(id=1, owner=OWNER, name="Azores", description=None)
    reported(*PAST, described, guild=nothing).then(GuildUpdated(guild=1, description=None))


def test_another_owner_is_a_transfer() -> None:
    sold = GuildReport(id=1, owner=INES, name="Azores")
    reported(*PAST, guild=sold).then(OwnershipTransferred(guild=1, former=OWNER, owner=INES)).again().says_nothing()


def test_roles_are_created_changed_and_deleted_as_reported() -> None:
    roles = (RoleReport(id=1, name="@everyone", permissions=0), RoleReport(id=3, name="Crew", hoist=True))
    reported(*PAST, roles=roles).then(
        RoleUpdated(guild=1, role=1, permissions=0),
        RoleCreated(guild=1, role=3, name="Crew", hoist=True),
        RoleDeleted(guild=1, role=2),
    ).again().says_nothing()


def test_a_role_that_was_deleted_may_come_back() -> None:
    reported(*PAST, RoleDeleted(guild=1, role=2)).then(MODS)


def test_channels_are_created_changed_and_deleted_as_reported() -> None:
    channels = (ChannelReport(id=6, kind=4, name="rooms"), ChannelReport(id=7, kind=0, name="den", parent=6))
    reported(*PAST, channels=channels).then(
        ChannelCreated(guild=1, channel=6, kind=4, name="rooms"),
        ChannelCreated(guild=1, channel=7, kind=0, name="den", parent=6),
        ChannelDeleted(guild=1, channel=5),
    )


def test_overwrites_are_set_and_removed_one_by_one() -> None:
    changed = (Overwrite(2, 0, 8, 16), Overwrite(3, 0, 1, 0))
    channel = ChannelReport(id=5, kind=0, name="ball", overwrites=changed)
    reported(*PAST, channels=(channel,)).then(
        ChannelUpdated(guild=1, channel=5, name="ball"),
        OverwriteRemoved(guild=1, channel=5, target=9),
        OverwriteSet(guild=1, channel=5, overwrite=changed[0]),
        OverwriteSet(guild=1, channel=5, overwrite=changed[1]),
    ).again().says_nothing()


def test_the_order_of_overwrites_says_nothing() -> None:
    turned = ChannelReport(id=5, kind=0, name="hall", overwrites=(Overwrite(9, 1, 0, 4), Overwrite(2, 0, 8, 0)))
    reported(*PAST, channels=(turned,)).says_nothing()


def test_the_bot_that_reports_is_there_again_after_it_left() -> None:
    reported(*PAST, MemberLeft(guild=1, user=BOT)).then(PRESENT)


def test_a_guild_that_was_made_here_is_reported_by_nobody() -> None:
    reported(NATIVE).refuses(NativeGuildError)
    given(NATIVE).when(report_members, guild=1, members=(MEMBER_REPORT,)).refuses(NativeGuildError)
    given(NATIVE).when(report_bans, guild=1, bans=(BanReport(id=9),)).refuses(NativeGuildError)
    given(NATIVE, PRESENT).when(bot_left, guild=1, bot=BOT).refuses(NativeGuildError)


def members(*past: Event, reports: tuple[MemberReport, ...] = (), gone: tuple[int, ...] = ()) -> Story:
    return given(CREATED, *past).when(report_members, guild=1, members=reports, gone=gone)


def test_a_member_joins_once() -> None:
    members(reports=(MEMBER_REPORT,)).then(MEMBER).again().says_nothing()


def test_everybody_holds_everyone_so_nobody_is_said_to() -> None:
    report = MemberReport(id=INES, username="ines", nick="I", roles=(2, 1), joined_at="2021-03-04T00:00:00Z")
    members(reports=(report,)).then(MEMBER).again().says_nothing()


def test_a_member_is_called_otherwise() -> None:
    report = MemberReport(id=INES, username="ines", nick=None, roles=(2,))
    members(MEMBER, reports=(report,)).then(MemberUpdated(guild=1, user=INES, username="ines")).again().says_nothing()


def test_a_bot_of_which_nothing_was_known_is_described_later() -> None:
    report = MemberReport(id=BOT, username="bot", bot=True, joined_at="2021-03-04T00:00:00Z")
    told = MemberUpdated(guild=1, user=BOT, username="bot", joined_at="2021-03-04T00:00:00Z")
    members(PRESENT, reports=(report,)).then(told).again().says_nothing()


def test_a_member_gets_some_roles_and_loses_others() -> None:
    report = MemberReport(id=INES, roles=(4, 3))
    changed = MemberRolesChanged(guild=1, user=INES, added=(3, 4), removed=(2,))
    members(MEMBER, reports=(report,)).then(changed).again().says_nothing()


def test_the_order_of_roles_says_nothing() -> None:
    joined = MemberJoined(guild=1, user=INES, roles=(2, 3))
    members(joined, reports=(MemberReport(id=INES, roles=(3, 2)),)).says_nothing()


def test_members_leave_once() -> None:
    members(MEMBER, gone=(INES, 99)).then(MemberLeft(guild=1, user=INES)).again().says_nothing()


def test_a_member_who_left_may_join_again() -> None:
    members(MEMBER, MemberLeft(guild=1, user=INES), reports=(MEMBER_REPORT,)).then(MEMBER)


def test_bans_are_said_once_changed_and_lifted() -> None:
    banned = MemberBanned(guild=1, user=9, reason="spam")
    story = given(CREATED).when(report_bans, guild=1, bans=(BanReport(id=9, reason="spam"),))
    story.then(banned).again().says_nothing()
    story.when(report_bans, guild=1, bans=(BanReport(id=9),)).says_nothing()
    story.when(report_bans, guild=1, bans=(BanReport(id=9, reason=None),)).then(MemberBanned(guild=1, user=9))
    story.when(report_bans, guild=1, gone=(9, 10)).then(MemberUnbanned(guild=1, user=9)).again().says_nothing()


def test_of_a_guild_that_nobody_reported_there_are_no_members_and_no_bans() -> None:
    given().when(report_members, guild=1, members=(MEMBER_REPORT,)).refuses(UnknownError)
    given().when(report_bans, guild=1, bans=(BanReport(id=9),)).refuses(UnknownError)


def test_a_bot_leaves_once_and_what_it_reported_stays() -> None:
    story = given(*PAST).when(bot_left, guild=1, bot=BOT).then(MemberLeft(guild=1, user=BOT))
    story.again().says_nothing()
    given().when(bot_left, guild=1, bot=BOT).refuses(UnknownError)


def test_a_standing_needs_a_guild_and_a_member_and_leaves_out_roles_that_are_gone() -> None:
    book = given(*PAST, MEMBER, MemberRolesChanged(guild=1, user=INES, added=(99,))).book
    standing = run(load_standing(book, 1, INES))
    assert standing is not None
    assert [role.id for role in standing.roles] == [2]
    assert (standing.everyone and standing.everyone.id, standing.permissions()) == (1, 1024 | 4)
    assert run(load_standing(book, 1, 99)) is None
    assert run(load_standing(book, 2, INES)) is None

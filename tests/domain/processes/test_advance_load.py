"""A load in the guild registry, batch by batch: what becomes of roles, channels, bans and the guild itself."""

from typing import Any

import msgspec

from domain.backups.events import BackupDeleted
from domain.guilds.aggregate import BAN, GUILD
from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    GuildUpdated,
    MemberBanned,
    Overwrite,
    OverwriteRemoved,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from domain.kernel import Event, UnknownError
from domain.loads.events import (
    IdsMapped,
    LoadFinished,
    LoadStatusReported,
    ObjectFailed,
    ObjectsDeleted,
    Options,
    Pair,
    UsersBanned,
)
from domain.processes.advance_load import advance_load
from tests.domain.book import given
from tests.domain.load_world import (
    BACKUP_ID,
    CATEGORY,
    INES,
    LOAD_ID,
    OWNER,
    SOURCE,
    TARGET,
    Run,
    ask,
    ban,
    channel,
    channels_of,
    guild,
    role,
    roles_of,
)

WHERE: dict[str, Any] = {"load": LOAD_ID, "source": SOURCE, "target": TARGET}
EVERYONES = role(SOURCE, "@everyone", permissions=5), role(TARGET, "@everyone", permissions=1)
GUILDS = guild(SOURCE, name="Azores", icon="a"), guild(TARGET, name="Madeira", preferred_locale="pt-PT")
PAST = (*GUILDS, *EVERYONES)


def options(*steps: str) -> Options:
    return Options(**{name: name in steps for name in Options.__struct_fields__})


def run_of(*past: Event, steps: str = "", **more: object) -> Run:
    return Run(*PAST, *past, asked=ask(options=options(*steps.split()), **more))


def status(text: str, progress: float, **more: object) -> LoadStatusReported:
    return msgspec.structs.replace(LoadStatusReported(**WHERE, status=text, progress=progress), **more)


def finished(**more: object) -> LoadFinished:
    told = LoadFinished(**WHERE, type="backup", user=OWNER, outcome="success", progress=1.0, backup=BACKUP_ID)
    return msgspec.structs.replace(told, **more)


def said_by(run: Run, size: int = 25) -> list[Event]:
    """Return what the next batch says."""
    before = len(run.log)
    run.advance(size)
    return run.log[before:]


def test_every_step_is_said_with_what_it_did_in_the_same_append() -> None:
    run = run_of(
        role(1001, "admin"), role(2001, "old"), ban(SOURCE, 9, "spam"), steps="roles delete_roles bans settings"
    )
    mapped = IdsMapped(**WHERE, pairs=(Pair("1000", "2000", "guild"),))
    assert said_by(run) == [status("starting", 0.0), mapped]
    assert said_by(run) == [
        RoleDeleted(guild=TARGET, role=2001),
        ObjectsDeleted(**WHERE, ids=("2001",), step="delete_roles"),
        status("deleting roles", 0.2, step="delete_roles"),
    ]
    new = TARGET + 500 + 51  # two batches of 25 ids went by
    assert said_by(run) == [
        RoleUpdated(guild=TARGET, role=TARGET, permissions=5),
        RoleCreated(guild=TARGET, role=new, name="admin"),
        IdsMapped(**WHERE, pairs=(Pair("1000", "2000", "role"), Pair("1001", str(new), "role"))),
        status("loading roles", 0.6, step="roles"),
    ]
    assert said_by(run) == [
        MemberBanned(guild=TARGET, user=9, reason="spam"),
        UsersBanned(**WHERE, users=(9,)),
        status("loading bans", 0.8, step="bans"),
    ]
    assert said_by(run) == [
        GuildUpdated(guild=TARGET, name="Azores", icon="a"),
        status("loading settings", 0.8, step="settings"),
        finished(),
    ]
    assert said_by(run) == []
    assert run.load().pairs["1000"].kind == "guild"


def test_a_channel_that_stays_names_no_role_that_is_deleted() -> None:
    named = Overwrite(TARGET, 0, deny=1), Overwrite(2001, 0, allow=1), Overwrite(INES, 1, allow=1)
    run = run_of(role(2001, "old"), channel(2100, overwrites=named), channel(2101), steps="delete_roles")
    run.advance()
    assert said_by(run)[:2] == [
        RoleDeleted(guild=TARGET, role=2001),
        OverwriteRemoved(guild=TARGET, channel=2100, target=2001),
    ]
    assert channels_of(run.book, TARGET)[2100].overwrites == (named[0], named[2])


def test_a_batch_is_no_larger_than_the_ids_that_are_given() -> None:
    run = run_of(*(channel(1100 + n) for n in range(5)), steps="channels")
    run.advance()
    made = [sum(isinstance(event, ChannelCreated) for event in said_by(run, 2)) for _ in range(4)]
    assert made == [2, 2, 1, 0]
    assert run.load().outcome == "success"


def test_a_load_of_nothing_succeeds() -> None:
    run = run_of().finish()
    assert (run.load().outcome, run.load().translated()) == ("success", {"1000": "2000"})


def test_a_load_that_something_follows_is_not_ended_when_its_plan_is_done() -> None:
    for steps in ("settings", "roles", ""):
        run = run_of(steps=steps)
        work = {"load": LOAD_ID, "snapshot": run.snapshot, "new_ids": [2501], "ends": False}
        ended = [run.book.execute(advance_load, **work)[0] for _ in range(4)]
        assert ended[-1]
        assert not ended[0]
        assert run.load().outcome is None


def test_a_load_that_there_is_not_is_not_advanced() -> None:
    run = run_of()
    given().when(advance_load, load="ld_none", snapshot=run.snapshot, new_ids=[1]).refuses(UnknownError)


def test_a_snapshot_that_is_not_what_was_taken_is_not_loaded() -> None:
    run = run_of(role(1001), steps="roles")
    other = msgspec.structs.replace(run.snapshot, roles=())
    error = f"The backup {BACKUP_ID} does not hold what it held: its digest is {other.digest()}, not "
    error += f"{run.snapshot.digest()}."
    run.snapshot = other
    assert said_by(run) == [finished(outcome="failed", progress=0, error=error, has_begun=False)]


def test_a_backup_that_was_deleted_before_its_load_began_is_not_loaded() -> None:
    run = run_of(role(1001), steps="roles")
    run.tell(BackupDeleted(backup=BACKUP_ID))
    error = f"The backup {BACKUP_ID} was deleted before the load began."
    assert said_by(run) == [finished(outcome="failed", progress=0, error=error, has_begun=False)]


def test_a_backup_that_is_deleted_while_it_is_loaded_is_loaded_to_the_end() -> None:
    run = run_of(role(1001), steps="roles")
    run.advance()
    run.tell(BackupDeleted(backup=BACKUP_ID))
    assert run.finish().load().outcome == "success"


def test_a_load_that_is_cancelled_before_it_begins_touches_nothing() -> None:
    run = run_of(role(1001), steps="roles")
    run.cancel()
    assert said_by(run) == [finished(outcome="cancelled", progress=0, has_begun=False)]


def test_overwrites_of_roles_that_were_not_loaded_are_dropped_and_those_of_members_stay() -> None:
    held = Overwrite(SOURCE, 0, 1), Overwrite(1001, 0, 2), Overwrite(1001, 1, 4)
    run = run_of(role(1001), channel(1100, overwrites=held), steps="channels").finish()
    made = channels_of(run.book, TARGET)[run.new(1100)]
    assert made.overwrites == (Overwrite(TARGET, 0, 1), Overwrite(1001, 1, 4))


def test_overwrites_find_roles_that_were_loaded_earlier_and_are_still_there() -> None:
    held = Overwrite(1001, 0, 1), Overwrite(1002, 0, 2)
    past = role(1001), role(1002), role(2001), channel(1100, overwrites=held)
    run = run_of(*past, steps="channels", earlier={"1001": "2001", "1002": "2002"}).finish()
    assert channels_of(run.book, TARGET)[run.new(1100)].overwrites == (Overwrite(2001, 0, 1),)


def test_what_this_load_made_wins_over_what_was_loaded_earlier() -> None:
    past = role(1001), role(2001), channel(1100, overwrites=[Overwrite(1001, 0, 1)])
    run = run_of(*past, steps="roles channels", earlier={"1001": "2001"}).finish()
    assert channels_of(run.book, TARGET)[run.new(1100)].overwrites == (Overwrite(run.new(1001), 0, 1),)


def test_overwrites_of_a_bot_go_to_its_role_in_the_target() -> None:
    bots = role(1001, "wick", managed=True), role(2001, "wick", managed=True), role(2002, "wick")
    run = run_of(*bots, channel(1100, overwrites=[Overwrite(1001, 0, 1)]), steps="channels").finish()
    assert channels_of(run.book, TARGET)[run.new(1100)].overwrites == (Overwrite(2001, 0, 1),)
    assert "1001" not in run.load().pairs


def test_two_bots_of_one_name_have_one_role_in_the_target_and_the_first_overwrite_counts() -> None:
    bots = role(1001, "wick", managed=True), role(1002, "wick", managed=True), role(2001, "wick", managed=True)
    held = Overwrite(1001, 0, 1), Overwrite(1002, 0, 2)
    run = run_of(*bots, channel(1100, overwrites=held), steps="channels").finish()
    assert channels_of(run.book, TARGET)[run.new(1100)].overwrites == (Overwrite(2001, 0, 1),)


def test_in_its_own_guild_a_role_that_is_not_loaded_is_itself_while_it_is_there() -> None:
    held = Overwrite(1001, 0, 1), Overwrite(1002, 0, 2)
    run = run_of(role(1001), channel(1100, overwrites=held), steps="channels", target=SOURCE).finish()
    assert channels_of(run.book, SOURCE)[run.new(1100)].overwrites == (Overwrite(1001, 0, 1),)


def test_a_channel_whose_category_cannot_be_its_parent_is_made_by_itself_and_that_is_said() -> None:
    cycle = channel(1100, kind=CATEGORY, parent=1101), channel(1101, kind=CATEGORY, parent=1100)
    run = run_of(*cycle, channel(1102, parent=1103), channel(1103), steps="channels").finish()
    assert [made.parent for made in channels_of(run.book, TARGET).values()] == [None] * 4
    assert [failed.object for failed in run.load().failed] == [1100, 1101, 1102]
    assert run.load().outcome == "success"


def test_a_chosen_channel_finds_its_category_where_it_was_loaded_earlier() -> None:
    past = channel(1100, "info", CATEGORY), channel(1101, parent=1100), channel(2100, "renamed", CATEGORY)
    run = run_of(*past, steps="channels", only_channels=(1101,), earlier={"1100": "2100"}).finish()
    assert channels_of(run.book, TARGET)[run.new(1101)].parent == 2100
    run = run_of(*past, steps="channels", only_channels=(1101,)).finish()
    assert channels_of(run.book, TARGET)[run.new(1101)].parent is None
    message = "Its category 1100 is not in the target; it was made without one."
    assert run.load().failed == (ObjectFailed(**WHERE, step="channels", object=1101, message=message),)


def test_a_match_that_is_gone_by_then_is_made_anew() -> None:
    past = role(1001, "a"), role(2001, "a"), channel(1100, "b"), channel(2100, "b")
    run = run_of(*past, steps="roles channels", mode="merge")
    run.tell(RoleDeleted(guild=TARGET, role=2001), ChannelDeleted(guild=TARGET, channel=2100))
    run.finish()
    assert roles_of(run.book, TARGET)[run.new(1001)].name == "a"
    assert channels_of(run.book, TARGET)[run.new(1100)].name == "b"


def test_what_is_deleted_by_others_in_the_meantime_is_deleted() -> None:
    run = run_of(role(2001), channel(2100), steps="delete_roles delete_channels")
    run.tell(RoleDeleted(guild=TARGET, role=2001), ChannelDeleted(guild=TARGET, channel=2100))
    assert run.finish().load().deleted == ("2001", "2100")


def test_channels_of_a_deleted_category_are_free_and_the_guild_forgets_deleted_channels() -> None:
    named = guild(TARGET, afk_channel=2101, system_channel=2102)
    past = channel(1100, "info", CATEGORY), channel(2100, "info", CATEGORY), channel(2101), channel(2102, parent=2100)
    run = run_of(named, *past, steps="channels delete_channels", only_channels=(1100,)).finish()
    assert channels_of(run.book, TARGET).keys() == {run.new(1100), 2101, 2102}
    assert channels_of(run.book, TARGET)[2102].parent is None
    run = run_of(named, *past, steps="delete_channels").finish()
    state = run.book.state(GUILD, GUILD.stream(TARGET))
    assert state
    assert (state.afk_channel, state.system_channel) == (None, None)


def test_properties_are_copied_with_their_channels_and_what_is_the_guilds_own_stays() -> None:
    told = guild(SOURCE, name="Azores", afk_channel=1100, system_channel=1101, features=("COMMUNITY",), owner=99)
    there = guild(TARGET, name="Madeira", afk_channel=2100, system_channel=2101, preferred_locale="pt-PT")
    run = run_of(told, there, channel(1100), channel(1101), channel(2101), steps="channels settings")
    run.finish()
    state = run.book.state(GUILD, GUILD.stream(TARGET))
    assert state
    assert (state.name, state.owner, state.preferred_locale, state.features) == ("Azores", OWNER, "pt-PT", ())
    assert (state.afk_channel, state.system_channel) == (run.new(1100), run.new(1101))


def test_a_property_that_names_a_channel_that_was_not_loaded_stays_as_it_was() -> None:
    told, there = guild(SOURCE, afk_channel=1100), guild(TARGET, afk_channel=2100, system_channel=2101)
    run = run_of(told, there, channel(1100), channel(2100), channel(2101), steps="settings").finish()
    state = run.book.state(GUILD, GUILD.stream(TARGET))
    assert state
    assert (state.afk_channel, state.system_channel) == (2100, None)


def test_a_ban_that_came_in_the_meantime_keeps_its_reason() -> None:
    run = run_of(ban(SOURCE, 9, "spam"), steps="bans")
    run.tell(ban(TARGET, 9, "rude"))
    run.finish()
    state = run.book.state(BAN, BAN.stream(TARGET, 9))
    assert state
    assert state.reason == "rude"
    assert run.load().banned == (9,)

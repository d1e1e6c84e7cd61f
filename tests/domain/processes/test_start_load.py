"""A load starts when the user may, and alone in its target; what it will do is frozen then."""

from typing import Any

import msgspec

from domain.backups.aggregate import BackupNotYoursError
from domain.backups.events import BackupDeleted
from domain.guilds.events import MemberJoined
from domain.kernel import Event, UnknownError
from domain.loads.aggregate import LOAD, LoadIdTakenError
from domain.loads.events import Item, LoadFinished, LoadRefused, LoadStarted, Options, Plan
from domain.processes.plan_load import Target
from domain.processes.require_administrator import NotAdministratorError
from domain.processes.start_load import LoadAsk, start_load
from domain.templates.events import TemplatePublished, TemplateWithdrawn
from tests.domain.book import RecordedBook, Story, given
from tests.domain.load_world import (
    BACKUP_ID,
    BOT,
    INES,
    LOAD_ID,
    OWNER,
    SOURCE,
    TARGET,
    ask,
    backup_of,
    ban,
    channel,
    guild,
    role,
    snapshot_of,
)

FROM = (guild(SOURCE), role(SOURCE, "@everyone"), role(1001), channel(1100), ban(SOURCE, 9), ban(SOURCE, 10))
INTO = (guild(TARGET), role(TARGET, "@everyone"), role(2001, permissions=8), channel(2100), ban(TARGET, 10))
BACKUP = backup_of(FROM)
PAST = (*FROM, *INTO, BACKUP)
SNAPSHOT = snapshot_of(RecordedBook(*FROM))
ALL = Options(bans=True)
PLAN = Plan(
    delete_roles=(2001,),
    roles=(Item(1000, 2000), Item(1001)),
    delete_channels=(2100,),
    channels=(Item(1100),),
    bans=(9,),
    settings=True,
)
WHERE: dict[str, Any] = {"load": LOAD_ID, "source": SOURCE, "target": TARGET}
TEMPLATE = TemplatePublished(
    template="pQ7nB2xLm4Tz", guild=SOURCE, creator=INES, at=5, digest=SNAPSHOT.digest(), name="Azores"
)
STARTED = LoadStarted(
    **WHERE,
    kind="internal",
    type="backup",
    user=OWNER,
    backup=BACKUP_ID,
    gateway="registry",
    options=ALL,
    at=12,
    plan=PLAN,
)
EXTERNAL = LoadStarted(
    **WHERE, kind="external", type="backup", user=OWNER, backup=BACKUP_ID, bot=BOT, reported_by=BOT, options=ALL, at=12
)


def start(*past: Event, asked: LoadAsk | None = None) -> Story:
    wanted = asked or ask()
    return given(*past).when(start_load, asked=msgspec.structs.replace(wanted, options=ALL), snapshot=SNAPSHOT)


def external(**more: object) -> LoadAsk:
    return ask(kind="external", bot=BOT, reported_by=BOT, **more)


def ended(asked: LoadStarted, load: str = LOAD_ID) -> LoadFinished:
    told = {"type": asked.type, "user": asked.user, "backup": asked.backup, "source": asked.source}
    return msgspec.convert(
        {**told, "load": load, "target": asked.target, "outcome": "failed", "progress": 0}, LoadFinished
    )


def test_a_load_starts_with_its_plan() -> None:
    story = start(*PAST).then(STARTED)
    story.answers(LOAD.fold([STARTED])).again().refuses(LoadIdTakenError)


def test_everybody_loads_a_template_into_an_own_guild() -> None:
    asked = ask(type="template", backup=None, template=TEMPLATE.template)
    at_once = msgspec.structs.replace(STARTED, type="template", backup=None, template=TEMPLATE.template, at=5)
    start(*PAST, TEMPLATE, asked=asked).then(at_once)
    start(*PAST, asked=asked).refuses(UnknownError)
    start(*PAST, TEMPLATE, TemplateWithdrawn(template=TEMPLATE.template), asked=asked).refuses(UnknownError)


def test_an_administrator_loads_an_own_backup_and_nobody_else_does() -> None:
    mine = (*FROM, *INTO, backup_of(FROM, creator=INES))
    joined = MemberJoined(guild=TARGET, user=INES, roles=(2001,))
    start(*mine, joined, asked=ask(user=INES)).then(msgspec.structs.replace(STARTED, user=INES))
    start(*mine, asked=ask(user=INES)).refuses(NotAdministratorError)
    start(*mine, asked=ask(user=OWNER)).refuses(BackupNotYoursError)


def test_what_is_unknown_is_not_loaded() -> None:
    start(*FROM, *INTO).refuses(UnknownError)
    start(*PAST, BackupDeleted(backup=BACKUP_ID)).refuses(UnknownError)
    start(*FROM, BACKUP).refuses(UnknownError)
    start(*PAST, asked=ask(backup=None)).refuses(UnknownError)


def test_a_second_load_into_the_same_guild_is_refused_and_said_so() -> None:
    told = {name: getattr(STARTED, name) for name in STARTED.__struct_fields__ if name not in {"load", "plan"}}
    refused = LoadRefused(load="ld_second", **told, running=LOAD_ID)
    end = msgspec.structs.replace(ended(STARTED, "ld_second"), outcome="refused", has_begun=False)
    story = start(*PAST, STARTED, asked=ask(load="ld_second")).then(refused, end)
    story.answers(LOAD.fold([refused, end]))
    assert story.book.state(LOAD, LOAD.stream(LOAD_ID)) == LOAD.fold([STARTED])


def test_the_next_load_starts_when_the_one_before_has_ended() -> None:
    second = msgspec.structs.replace(STARTED, load="ld_second")
    start(*PAST, STARTED, ended(STARTED), asked=ask(load="ld_second")).then(second)


def test_a_load_into_another_guild_is_in_nobodys_way() -> None:
    elsewhere = msgspec.structs.replace(STARTED, load="ld_other", target=3000)
    start(*PAST, elsewhere).then(STARTED)


def test_an_external_load_has_no_plan_and_goes_by_the_word_of_its_bot() -> None:
    start(*PAST, asked=external()).then(EXTERNAL)
    start(*FROM, BACKUP, asked=external()).then(EXTERNAL)
    unknown = msgspec.structs.replace(EXTERNAL, backup="unknown", source=9000, at=None)
    start(asked=external(backup="unknown", source=9000)).then(unknown)
    start(asked=external(backup=None, source=9000)).then(msgspec.structs.replace(unknown, backup=None))


def test_an_external_load_needs_a_source_and_the_rights_that_are_known_here() -> None:
    start(*INTO, asked=external(backup="unknown")).refuses(UnknownError)
    start(*INTO, asked=external(backup="unknown", source=9000, user=INES)).refuses(NotAdministratorError)
    start(*PAST, asked=external(user=INES)).refuses(BackupNotYoursError)


def test_what_a_gateway_sees_and_says_takes_the_place_of_the_registry() -> None:
    there = Target(guild=TARGET)
    asked = ask(gateway="discord", there=there, is_vouched=True)
    plan = Plan(roles=(Item(1000, 2000), Item(1001)), channels=(Item(1100),), bans=(9, 10), settings=True)
    start(*FROM, BACKUP, asked=asked).then(msgspec.structs.replace(STARTED, gateway="discord", plan=plan))
    start(*FROM, BACKUP, asked=msgspec.structs.replace(asked, is_vouched=False)).refuses(UnknownError)

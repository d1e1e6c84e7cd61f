"""The demo's guild as its bot would report it: roles, channels and members, all of whom can log in as demo-NAME."""

from api.demo_world import BOT, GUILD, GUILD_NAME, MANAGER, OWNER, PEOPLE, person
from api.new_ids import backup_id
from cli.books import ORIGIN
from domain.guilds.commands import report_guild, report_members
from domain.guilds.events import Overwrite
from domain.guilds.permissions import FLAGS
from domain.guilds.reports import ChannelReport, GuildReport, MemberReport, RoleReport
from domain.processes.take_backup import take_backup
from store.event_store import EventStore
from store.snapshots import snapshot_at

TEXT, VOICE, CATEGORY = 0, 2, 4
JOINED_AT = "2026-01-06T19:00:00Z"


def _bits(*names: str) -> int:
    return sum(FLAGS[name] for name in names)


EVERYBODY = _bits("VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "ADD_REACTIONS", "CONNECT", "SPEAK")
MODERATION = _bits("KICK_MEMBERS", "BAN_MEMBERS", "MANAGE_MESSAGES", "MODERATE_MEMBERS", "VIEW_AUDIT_LOG")
ROLES: dict[str, tuple[int, int]] = {  # permissions and colour, the lowest first
    "Minecraft": (0, 0x57F287),
    "Rocket League": (0, 0x3498DB),
    "Chess": (0, 0xE67E22),
    "Newcomer": (0, 0x95A5A6),
    "Member": (_bits("EMBED_LINKS", "ATTACH_FILES"), 0x1ABC9C),
    "Streamer": (_bits("STREAM", "PRIORITY_SPEAKER"), 0x9B59B6),
    "Event host": (_bits("MANAGE_EVENTS", "MENTION_EVERYONE"), 0xF1C40F),
    "Trial moderator": (_bits("MANAGE_MESSAGES"), 0xE91E63),
    "Moderator": (MODERATION, 0xED4245),
    "Manager": (MODERATION | _bits("MANAGE_GUILD", "MANAGE_ROLES", "MANAGE_CHANNELS"), 0x5865F2),
    "Guildbook demo": (_bits("ADMINISTRATOR"), 0x99AAB5),
}
CHANNELS: tuple[tuple[str, int, str | None], ...] = (  # name, kind and category
    ("Welcome", CATEGORY, None),
    ("rules", TEXT, "Welcome"),
    ("announcements", TEXT, "Welcome"),
    ("introductions", TEXT, "Welcome"),
    ("Games", CATEGORY, None),
    ("general", TEXT, "Games"),
    ("minecraft", TEXT, "Games"),
    ("chess", TEXT, "Games"),
    ("Lounge", VOICE, "Games"),
    ("Staff", CATEGORY, None),
    ("staff-room", TEXT, "Staff"),
    ("mod-log", TEXT, "Staff"),
)
STAFF_ONLY = ("Staff", "staff-room", "mod-log")
ROLE_IDS = {name: GUILD + 100 + place for place, name in enumerate(ROLES)}
CHANNEL_IDS = {name: GUILD + 200 + place for place, (name, _, _) in enumerate(CHANNELS)}
ROLES_OF = {OWNER: ("Member",), MANAGER: ("Manager", "Chess"), "bruno": ("Moderator", "Minecraft")}


async def found_demo_guild(store: EventStore) -> None:
    """Report the guild and who is in it, and back it up for its owner."""
    guild = GuildReport(id=GUILD, owner=person(OWNER), name=GUILD_NAME, description="Games between the islands.")
    await store.execute(ORIGIN, report_guild, report=guild, roles=_roles(), channels=_channels(), bot=BOT)
    at = (await store.execute(ORIGIN, report_members, guild=GUILD, members=_members())).position
    snapshot = await snapshot_at(store, GUILD, at)
    assert snapshot
    wanted = {"backup": backup_id(), "snapshot": snapshot, "at": at, "user": person(OWNER), "name": "The first day"}
    await store.execute(ORIGIN, take_backup, **wanted)


def _roles() -> list[RoleReport]:
    everyone = RoleReport(id=GUILD, name="@everyone", position=0, permissions=EVERYBODY)
    others = [
        RoleReport(id=ROLE_IDS[name], name=name, position=place, permissions=permissions, color=colour)
        for place, (name, (permissions, colour)) in enumerate(ROLES.items(), 1)
    ]
    return [everyone, *others]


def _channels() -> list[ChannelReport]:
    return [
        ChannelReport(
            id=CHANNEL_IDS[name],
            kind=kind,
            name=name,
            position=place,
            parent=CHANNEL_IDS[category] if category else None,
            overwrites=_overwrites(name),
        )
        for place, (name, kind, category) in enumerate(CHANNELS)
    ]


def _overwrites(channel: str) -> tuple[Overwrite, ...]:
    if channel not in STAFF_ONLY:
        return ()
    seen = FLAGS["VIEW_CHANNEL"]
    staff = (Overwrite(ROLE_IDS[name], 0, allow=seen) for name in ("Moderator", "Manager"))
    return (Overwrite(GUILD, 0, deny=seen), *staff)


def _members() -> list[MemberReport]:
    people = [
        MemberReport(
            id=person(name),
            username=name,
            global_name=name.title(),
            roles=tuple(ROLE_IDS[role] for role in ROLES_OF.get(name, ("Member",))),
            joined_at=JOINED_AT,
        )
        for name in PEOPLE
    ]
    roles = (ROLE_IDS["Guildbook demo"],)
    return [*people, MemberReport(id=BOT, username="guildbook-demo", bot=True, roles=roles, joined_at=JOINED_AT)]

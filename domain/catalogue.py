"""Every event type that the log may hold, by its stored name."""

from domain.accounts.events import EVENTS as ACCOUNTS
from domain.apps.events import EVENTS as APPS
from domain.awards.events import EVENTS as AWARDS
from domain.backups.events import EVENTS as BACKUPS
from domain.callbacks.events import EVENTS as CALLBACKS
from domain.fleet.events import EVENTS as FLEET
from domain.guilds.events import EVENTS as GUILDS
from domain.kernel import Event
from domain.loads.events import EVENTS as LOADS
from domain.loads.events import LoadEvent
from domain.privacy.events import EVENTS as PRIVACY
from domain.sessions.events import EVENTS as SESSIONS
from domain.settings.events import EVENTS as SETTINGS
from domain.teams.events import EVENTS as TEAMS
from domain.templates.events import EVENTS as TEMPLATES

CONTEXTS = (
    ACCOUNTS,
    APPS,
    AWARDS,
    BACKUPS,
    CALLBACKS,
    FLEET,
    GUILDS,
    LOADS,
    PRIVACY,
    SESSIONS,
    SETTINGS,
    TEAMS,
    TEMPLATES,
)
EVENTS: dict[str, type[Event]] = {event.stored_type: event for context in CONTEXTS for event in context}


def concerned_guild(event: Event) -> int | None:
    """Return the guild that an event is about, by its id; None when it is about none."""
    guild: object = event.target if isinstance(event, LoadEvent) else getattr(event, "guild", None)
    return guild if isinstance(guild, int) else None

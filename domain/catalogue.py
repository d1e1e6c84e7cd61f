"""Every event type that the log may hold, by its stored name."""

from domain.accounts.events import EVENTS as ACCOUNTS
from domain.apps.events import EVENTS as APPS
from domain.awards.events import EVENTS as AWARDS
from domain.callbacks.events import EVENTS as CALLBACKS
from domain.kernel import Event
from domain.sessions.events import EVENTS as SESSIONS
from domain.teams.events import EVENTS as TEAMS

EVENTS: dict[str, type[Event]] = {
    event.stored_type: event for context in (ACCOUNTS, APPS, AWARDS, CALLBACKS, SESSIONS, TEAMS) for event in context
}

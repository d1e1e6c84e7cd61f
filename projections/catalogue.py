"""Every projector, in the order in which their tables are shown."""

from projections.accounts.projector import PROJECTOR as ACCOUNTS
from projections.apps.projector import PROJECTOR as APPS
from projections.awards.projector import PROJECTOR as AWARDS
from projections.backups.projector import PROJECTOR as BACKUPS
from projections.callbacks.projector import PROJECTOR as CALLBACKS
from projections.fleet.projector import PROJECTOR as FLEET
from projections.guilds.projector import PROJECTOR as GUILDS
from projections.loads.projector import PROJECTOR as LOADS
from projections.mappers.projector import PROJECTOR as MAPPERS
from projections.rows import Projector
from projections.sessions.projector import PROJECTOR as SESSIONS
from projections.settings.projector import PROJECTOR as SETTINGS
from projections.teams.projector import PROJECTOR as TEAMS
from projections.templates.projector import PROJECTOR as TEMPLATES

PROJECTORS: tuple[Projector, ...] = (
    *(ACCOUNTS, APPS, SESSIONS, TEAMS, AWARDS, CALLBACKS, FLEET, GUILDS, SETTINGS),
    *(BACKUPS, TEMPLATES, LOADS, MAPPERS),
)

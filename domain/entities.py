"""Every kind of stream that the log may hold, and the rules by which its events make a state."""

import re
from typing import Any

from domain.accounts.aggregate import ACCOUNT, SIGNUPS
from domain.apps.aggregate import APP
from domain.awards.aggregate import AWARD, HOLDING
from domain.backups.aggregate import BACKUP
from domain.callbacks.aggregate import CALLBACK
from domain.fleet.aggregate import OFFER, REPORT
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, MEMBER, ROLE
from domain.kernel import Entity
from domain.loads.aggregate import LOAD
from domain.privacy.aggregate import RETENTION, SUBJECT
from domain.privacy.readers import READER
from domain.sessions.aggregate import SESSION
from domain.settings import aggregate as settings
from domain.settings.restores import RESTORE
from domain.teams.aggregate import TEAM
from domain.templates.aggregate import TEMPLATE

ENTITIES: tuple[Entity[Any], ...] = (
    ACCOUNT,
    APP,
    AWARD,
    BACKUP,
    CALLBACK,
    OFFER,
    REPORT,
    BAN,
    CHANNEL,
    GUILD,
    MEMBER,
    ROLE,
    LOAD,
    READER,
    SUBJECT,
    SESSION,
    settings.TEMPLATE,
    settings.ROW,
    settings.SET,
    RESTORE,
    TEAM,
    TEMPLATE,
)
"""Those that are known by how their streams begin."""

PARTICULAR: tuple[tuple[re.Pattern[str], Entity[Any]], ...] = (
    (re.compile("accounts-signups"), SIGNUPS),
    (re.compile("privacy-retention"), RETENTION),
    (re.compile("awards-[0-9]+-[0-9]+"), HOLDING),
)
"""Those that begin as others do."""


def entity_of(stream: str) -> Entity[Any] | None:
    """Return the kind of a stream, None when its name is like none."""
    for form, entity in PARTICULAR:
        if form.fullmatch(stream):
            return entity
    return next((entity for entity in ENTITIES if stream.startswith(entity.prefix())), None)

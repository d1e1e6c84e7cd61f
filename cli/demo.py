"""Something to try out: teams, people, awards, and an app that may do everything."""

import asyncio
import os
from pathlib import Path

from api.passwords import hash_password, new_password
from cli.books import ORIGIN, all_of, opened_store
from cli.output import tell
from cli.places import Place
from domain.accounts.aggregate import Profile
from domain.apps.aggregate import APP
from domain.apps.commands import create_app, reset_token
from domain.permissions import APP_BITS, OPERATOR
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.teams.commands import create_team
from store.event_store import EventStore
from store.log import head

APP_NAME = "demo"
FIRST_PERSON = 204778476102877184
PICTURE = "https://cdn.discordapp.com/embed/avatars/{}.png"
TEAMS = {
    "Lisbon Lynxes": ("Amara", "Bruno", "Chiara", "Dmitri"),
    "Kyoto Cranes": ("Eluned", "Farid", "Goizeder"),
    "Quito Quetzals": ("Hana", "Iker", "Jovana"),
    "Tampere Terns": ("Kofi", "Lumi"),
}
AWARDS = {"100 metres, gold": (0, 1), "Relay, silver": (1, 3), "Best team spirit": (2, 3), "Chess, bronze": (3, 1)}


def fill(place: Place, data: Path) -> None:
    """Put demo data into an empty book and leave the demo app's credentials in the folder; once."""
    file = data / "demo.env"
    asyncio.run(_fill(place, file, has_file=file.exists()))
    tell(f"demo app credentials in {file}")


async def _fill(place: Place, file: Path, *, has_file: bool) -> None:
    async with opened_store(place) as store:
        async with store.pool.connection() as connection:
            is_empty = await head(connection) == 0
        demo_apps = [app.id for app in await all_of(store, APP) if app.name == APP_NAME]
        if not demo_apps or not has_file:
            await _write_credentials(store, file, *demo_apps[:1])
        if is_empty:
            await _populate(store)
        elif not demo_apps:
            tell("demo: the book is in use, so there is a demo app but no demo data")


async def _write_credentials(store: EventStore, file: Path, app: int | None = None) -> None:
    """Give the demo app a password that the file knows."""
    password = new_password()
    token_hash = hash_password(password)
    if app is None:
        wishes = {"name": APP_NAME, "permissions": APP_BITS, "token_hash": token_hash}
        app = (await store.execute(ORIGIN, create_app, **wishes)).value
    else:
        await store.execute(ORIGIN, reset_token, app=app, token_hash=token_hash)
    _write_private(file, f"GUILDBOOK_APP=A{app}:{password}\n")


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


async def _populate(store: EventStore) -> None:
    teams: list[int] = []
    people: list[list[int]] = []
    next_person = FIRST_PERSON
    for name, members in TEAMS.items():
        teams.append((await store.execute(ORIGIN, create_team, OPERATOR, name=name)).value)
        people.append([next_person + place for place in range(len(members))])
        for person, member in zip(people[-1], members, strict=True):
            await _sign_up(store, person, member, teams[-1])
        next_person += len(members)
    for title, (team, holders) in AWARDS.items():
        wishes = {"title": title, "image_url": PICTURE.format(team), "team": teams[team]}
        await store.execute(ORIGIN, create_award, OPERATOR, **wishes, accounts=people[team][:holders])


async def _sign_up(store: EventStore, person: int, name: str, team: int) -> None:
    profile = Profile(person, name, f"{person % 10_000:04}", PICTURE.format(person % 5))
    wishes = {"profile": profile, "team": team, "permissions": 0, "signups_default": True}
    await store.execute(ORIGIN, create_account, OPERATOR, **wishes)

"""Something to try out: teams, people, awards, a guild, and an app and a bot that may do everything."""

import asyncio
import os
from pathlib import Path

from api.demo_world import BOT
from api.passwords import hash_password, new_password, new_secret
from cli.books import ORIGIN, all_of, opened_store
from cli.demo_guild import found_demo_guild
from cli.output import tell
from cli.places import Place
from domain.accounts.aggregate import Profile
from domain.apps.aggregate import APP, BOT_SCOPES, AppExistsError
from domain.apps.commands import create_app, create_bot, reset_bot_token, reset_token
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
    """Put demo data into an empty book and leave the credentials of the demo's app and bot in the folder; once."""
    file = data / "demo.env"
    asyncio.run(_fill(place, file, has_file=file.exists() and "GUILDBOOK_BOT=" in file.read_text()))
    tell(f"demo app credentials in {file}")


async def _fill(place: Place, file: Path, *, has_file: bool) -> None:
    async with opened_store(place) as store:
        async with store.pool.connection() as connection:
            is_empty = await head(connection) == 0
        demo_apps = [app.id for app in await all_of(store, APP) if app.name == APP_NAME and not app.is_bot()]
        if not demo_apps or not has_file:
            app, bot = await _app_credentials(store, *demo_apps[:1]), await _bot_token(store)
            _write_private(file, f"GUILDBOOK_APP={app}\nGUILDBOOK_BOT={bot}\n")
        if is_empty:
            await _populate(store)
            await found_demo_guild(store)
        elif not demo_apps:
            tell("demo: the book is in use, so there is a demo app but no demo data")


async def _app_credentials(store: EventStore, app: int | None = None) -> str:
    """Give the demo app a new password."""
    password = new_password()
    token_hash = hash_password(password)
    if app is None:
        wishes = {"name": APP_NAME, "permissions": APP_BITS, "token_hash": token_hash}
        app = (await store.execute(ORIGIN, create_app, **wishes)).value
    else:
        await store.execute(ORIGIN, reset_token, app=app, token_hash=token_hash)
    return f"A{app}:{password}"


async def _bot_token(store: EventStore) -> str:
    """Give the demo bot a new token."""
    secret = new_secret()
    token_hash = hash_password(secret)
    try:
        wishes = {"name": APP_NAME, "token_hash": token_hash, "scopes": BOT_SCOPES}
        await store.execute(ORIGIN, create_bot, app=BOT, **wishes)
    except AppExistsError:
        await store.execute(ORIGIN, reset_bot_token, app=BOT, token_hash=token_hash)
    return f"{BOT}.{secret}"


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

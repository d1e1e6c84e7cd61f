"""Random commands from a seed, as a busy community would give them: a load for tests."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from domain.accounts.aggregate import Edit, Profile
from domain.accounts.commands import make_superuser, turn_signups
from domain.apps.commands import create_app, edit_app
from domain.awards.commands import delete_award
from domain.callbacks.commands import edit_callback, pause_callback, remove_callback, resume_callback, rotate_secret
from domain.kernel import RefusalError
from domain.permissions import OPERATOR
from domain.processes.add_callback import add_callback
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.delete_account import delete_account
from domain.processes.delete_app import delete_app
from domain.processes.delete_team import delete_team
from domain.processes.edit_account import edit_account
from domain.processes.edit_award import edit_award
from domain.processes.grant_award import grant_award, revoke_award
from domain.processes.open_session import open_session
from domain.processes.register_callback import register_callback
from domain.sessions.commands import close_session, reset_token
from domain.teams.commands import create_team, rename_team
from store.event_store import EventStore
from tests.books import ORIGIN
from tests.guild_deeds import COMMANDS, guild_deeds
from tests.load_deeds import COMMANDS as LOAD_COMMANDS
from tests.load_deeds import load_deeds

EVENT = "account_team_update"
IDS = 40
DEEDS_OF_AN_ID = 18  # after so many the oldest id is let go, and there is a new one
CALLERS = 16
LATER = datetime(2040, 1, 1, tzinfo=UTC)
URL = "https://a.example"

Deed = tuple[Callable[..., Awaitable[Any]], dict[str, Any]]


class Deeds:
    """One deed after another; the same seed gives the same ones. The fewer the ids, the more often they meet."""

    def __init__(self, seed: int, ids: int = IDS) -> None:
        self._random = Random(seed)
        self._ids = ids
        self._count = 0

    def _id(self) -> int:
        newest = 1 + self._count // DEEDS_OF_AN_ID
        return self._random.randint(max(1, newest - self._ids), newest)

    def _text(self) -> str:
        return self._random.choice(
            ["Inês", "Rui", "Açores", 'a "quoted" name', "tab\tand\nline", "\\N", "🏅", "x" * 500]
        )

    def _bit(self) -> int:
        return self._random.choice([0, 1, 2, 4, 8, 32, 64])

    def _secret(self) -> str:
        return f"whsec_{base64.b64encode(self._random.randbytes(24)).decode()}"

    def _callback(self) -> dict[str, Any]:
        return {"app": self._id(), "event": self._random.choice([EVENT, *map(str, range(1, 20))])}

    def _hash(self) -> str:
        return hashlib.sha256(self._random.randbytes(8)).hexdigest()

    def next(self) -> Deed:
        """Return a command and what it is given: creations are as frequent as ids are let go, endings are rarer."""
        self._count += 1
        begin, change, end = self._beginnings(), self._changes(), self._endings()
        in_guilds = guild_deeds(self._random, self._text(), self._id())
        loads = load_deeds(self._random, self._text(), self._id())
        kind = self._random.choices((begin, change, end, in_guilds, loads), weights=(5, 5, 1, 3, 3))[0]
        return self._random.choice(kind)

    def _beginnings(self) -> list[Deed]:
        profile = Profile(self._id(), self._text(), "0412", self._text())
        award = {"title": self._text(), "image_url": "i.png", "team": self._id(), "accounts": []}
        session = {"account": self._id(), "token_hash": self._hash(), "expires_at": LATER}
        return [
            (create_account, {"profile": profile, "team": None, "permissions": 0, "signups_default": True}),
            (create_team, {"name": self._text()}),
            (create_award, award),
            (create_award, {**award, "accounts": [self._id()]}),
            (create_app, {"name": self._text(), "permissions": 95, "token_hash": self._hash()}),
            (open_session, session),
            (grant_award, {"award": self._id(), "account": self._id()}),
            (register_callback, {"app": self._id(), "event": EVENT, "url": URL, "secret": self._text()}),
            (add_callback, {"app": self._id(), "url": URL, "secret": self._secret(), "guilds": (self._id(),)}),
        ]

    def _changes(self) -> list[Deed]:
        team = self._random.choice([None, self._id(), self._id()])
        edits = Edit(team=team), Edit(name=self._text()), Edit(grant=self._bit(), revoke=self._bit())
        return [
            *((edit_account, {"account": self._id(), "edit": edit}) for edit in edits),
            (edit_award, {"award": self._id(), "title": self._text(), "team": team}),
            (rename_team, {"team": self._id(), "name": self._text()}),
            (grant_award, {"award": self._id(), "account": self._id()}),
            (reset_token, {"session": self._id(), "token_hash": self._hash(), "expires_at": LATER}),
            (edit_app, {"app": self._id(), "name": self._text(), "grant": self._bit(), "revoke": self._bit()}),
            (make_superuser, {"account": self._id()}),
            (turn_signups, {"is_open": True}),
            *((command, self._callback()) for command in (pause_callback, resume_callback)),
            (edit_callback, {**self._callback(), "description": self._text()}),
            (rotate_secret, {**self._callback(), "secret": self._secret(), "overlap_ends_at": LATER}),
        ]

    def _endings(self) -> list[Deed]:
        return [
            (revoke_award, {"award": self._id(), "account": self._id()}),
            (remove_callback, self._callback()),
            (close_session, {"session": self._id(), "reason": "revoked"}),
            (delete_account, {"account": self._id()}),
            (delete_award, {"award": self._id()}),
            (delete_team, {"team": self._id()}),
            (delete_app, {"app": self._id()}),
        ]


WITHOUT_ACTOR = {
    *(*COMMANDS, *LOAD_COMMANDS),
    *(turn_signups, make_superuser, create_app, edit_app, delete_app),
    *(add_callback, register_callback, remove_callback, edit_callback, rotate_secret),
    *(pause_callback, resume_callback, reset_token, close_session),
}


async def do(store: EventStore, deed: Deed) -> bool:
    """Do it, and tell whether it was not refused."""
    command, given = deed
    try:
        await store.execute(ORIGIN, command, *([] if command in WITHOUT_ACTOR else [OPERATOR]), **given)
    except RefusalError:
        return False
    return True


async def do_many(store: EventStore, deeds: Deeds, count: int) -> int:
    """Do so many deeds, several at once, and return how many were not refused."""
    wanted = iter([deeds.next() for _ in range(count)])

    async def call() -> int:
        return sum([await do(store, deed) for deed in wanted])

    return sum(await asyncio.gather(*(call() for _ in range(CALLERS))))

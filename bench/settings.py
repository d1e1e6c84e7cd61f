"""A guild with ten thousand rows of one setting: over HTTP, and beside a bare query of the same rows."""

from collections.abc import Iterator
from hashlib import sha256
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

from bench import guildbook, load
from bench.latency import percentiles_ms
from domain.accounts.events import AccountCreated
from domain.apps.events import AppCreated, BotTokenReset
from domain.guilds.events import GuildCreated, MemberJoined, RoleCreated
from domain.kernel import Event
from domain.sessions.events import SessionOpened
from domain.settings.events import RowCreated, TemplateRegistered, digest
from store.migrate import migrate

GUILD, BOT, OWNER = 920, 900, 310
TEMPLATE, SETTING = "bench", "notes"
ROWS = 10_000
TOKEN = "b" * 128
PATH = f"/guilds/{GUILD}/settings"
HEADERS = (f"Authorization: {TOKEN}",)
VIEW = {"setting": SETTING, "operation": "View", "fields": {}}
CREATES = 60_000
BARE_TABLE = """
    CREATE TABLE public.notes (
        guild       bigint  NOT NULL,
        name        text    NOT NULL,
        text        text    NOT NULL,
        number      bigint  NOT NULL,
        switched_on boolean NOT NULL,
        tags        text[]  NOT NULL,
        CONSTRAINT notes_guild_name PRIMARY KEY (guild, name)
    )
"""
BARE_QUERY = "SELECT name, text, number, switched_on, tags FROM public.notes WHERE guild = %s"


def row(number: int) -> dict[str, Any]:
    """The columns of one row."""
    tags = [f"tag-{number % 7}", f"tag-{number % 11}"]
    return {"name": f"note-{number}", "text": f"Text of {number}", "number": number, "switched_on": True, "tags": tags}


def definition() -> dict[str, Any]:
    """The setting, as a bot would register it."""
    text = {"type": "String", "min_length": None, "max_length": None, "allowed_values": [], "suggestions": None}
    inner = {
        "name": ("Scalar", {**text, "kind": "normal"}),
        "text": ("Scalar", {**text, "kind": "textarea"}),
        "number": ("Scalar", {"type": "Integer"}),
        "switched_on": ("Scalar", {"type": "Boolean"}),
        "tags": ("Array", {**text, "kind": "normal"}),
    }
    columns = [
        {
            "id": name,
            "name": name,
            "description": "",
            "placeholder": None,
            "primary_key": name == "name",
            "column_type": {"type": kind, "inner": of},
            "nullable": False,
            "hidden": [],
            "readonly": [],
        }
        for name, (kind, of) in inner.items()
    ]
    nothing = ("view_template", "index_by", "footer", "icon", "validation_template", "postsend_template")
    return {
        "id": SETTING,
        "name": "Notes",
        "description": "",
        "columns": columns,
        "title_template": None,
        "operations": ["View", "Create", "Update", "Delete"],
        **dict.fromkeys(nothing),
    }


def events() -> Iterator[tuple[str, Event]]:
    """A guild whose owner is logged in, its bot, and the rows."""
    yield f"apps-{BOT}", AppCreated(app=BOT, name="bench", permissions=0, token_hash="")
    yield f"apps-{BOT}", BotTokenReset(app=BOT, token_hash=sha256(b"bench").hexdigest())
    yield f"accounts-{OWNER}", AccountCreated(account=OWNER, name="Ines", discriminator="0")
    token_hash = sha256(TOKEN.encode()).hexdigest()
    session = SessionOpened(session=1, kind="login", account=OWNER, token_hash=token_hash, uuid=str(UUID(int=1)))
    yield "sessions-1", session
    yield f"guilds-guild-{GUILD}", GuildCreated(guild=GUILD, origin="mirrored", owner=OWNER, name="Bench")
    yield f"guilds-role-{GUILD}-{GUILD}", RoleCreated(guild=GUILD, role=GUILD, name="@everyone")
    for user, is_bot in ((OWNER, False), (BOT, True)):
        yield f"guilds-member-{GUILD}-{user}", MemberJoined(guild=GUILD, user=user, username="x", bot=is_bot)
    registered = TemplateRegistered(template=TEMPLATE, owner=BOT, settings=(definition(),), policies={})
    yield f"settings-template-{TEMPLATE}", registered
    for number in range(ROWS):
        fields = row(number)
        key = {"name": fields["name"]}
        created = RowCreated(guild=GUILD, template=TEMPLATE, setting=SETTING, key=key, fields=fields)
        yield f"settings-row-{GUILD}-{digest(TEMPLATE, SETTING, fields['name'])}", created


def seed(url: str) -> None:
    """Fill the log, and an ordinary table with the same rows."""
    migrate(url)
    guildbook.fill(url, events())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(BARE_TABLE)
        rows = [(GUILD, *row(number).values()) for number in range(ROWS)]
        connection.cursor().executemany("INSERT INTO public.notes VALUES (%s, %s, %s, %s, %s, %s)", rows)
        connection.execute("ANALYZE public.notes")


def creations() -> Iterator[str]:
    """As lines for the load: each creates a row that is not there yet."""
    for number in range(ROWS, ROWS + CREATES):
        asked = {"setting": SETTING, "operation": "Create", "fields": row(number)}
        yield f"POST {PATH}\t{orjson.dumps(asked).decode()}"


def view(address: str, seconds: float) -> load.Options:
    """One caller who looks at all rows, again and again."""
    body = orjson.dumps(VIEW).decode()
    url = f"{address}{PATH}"
    return load.Options(url=url, method="POST", connections=1, seconds=seconds, header=HEADERS, body=body)


def bare_view(url: str, seconds: float) -> tuple[float, float]:
    """The p50 and p99, in ms, of a bare query of the same rows and of encoding what it returns."""
    durations: list[float] = []
    ends_at = perf_counter() + seconds
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor(row_factory=dict_row) as cursor:
        while (begun := perf_counter()) < ends_at:
            orjson.dumps(cursor.execute(BARE_QUERY, (GUILD,), prepare=True, binary=True).fetchall())
            durations.append(perf_counter() - begun)
    return percentiles_ms(durations)

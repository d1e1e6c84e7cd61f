"""What the demonstration is made of, named once: who speaks for it, which guilds there are, and who is in them."""

import hashlib

from domain.accounts.events import ListedGuild

BOT = 204255221017214976
CLIENT_SECRET = "demo-secret"  # noqa: S105 - it is no secret
GUILD = 920000000000000001
GUILD_NAME = "Azores Gaming"
OTHER_GUILD = ListedGuild(920000000000000002, "Madeira Makers", None, 0)
OWNER = "amara"
MANAGER = "ines"
PEOPLE = (OWNER, MANAGER, "bruno", "chiara", "dmitri", "eluned", "farid", "hana", "iker", "jovana", "kofi", "lumi")
CONSOLE_CALLBACK = "/console/login/done"
DASHBOARD_CALLBACK = "http://localhost:3000/authorize"
SNOWFLAKE_BASE = 10**17


def person(name: str) -> int:
    """Return the id of whoever has this name, the same every time."""
    return SNOWFLAKE_BASE + int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")


def settings_at(base_url: str) -> dict[str, str]:
    """Return the settings with which a server at this address demonstrates logging in."""
    urls = dict.fromkeys((base_url, base_url.replace("127.0.0.1", "localhost")))
    return {
        "GUILDBOOK_DISCORD_API_URL": f"{base_url}/demo/discord",
        "GUILDBOOK_ANTIRAID_CLIENT_ID": str(BOT),
        "GUILDBOOK_ANTIRAID_MAIN_SERVER": str(GUILD),
        "GUILDBOOK_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
        "GUILDBOOK_OAUTH_REDIRECT_URIS": ",".join((*(f"{url}{CONSOLE_CALLBACK}" for url in urls), DASHBOARD_CALLBACK)),
    }

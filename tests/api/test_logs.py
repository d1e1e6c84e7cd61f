"""What the log of a server says of its requests, and what it never says."""

import asyncio
import json
from pathlib import Path

from tests.fake_discord import FakeDiscord
from tests.world import NOT_FOUND, Caller, World, new_number


async def said(curt: World, log: Path) -> str:
    """Return the log so far; a line is written after its request was answered, so one more request is made."""
    await curt.anyone.get("/health/live")
    return await asyncio.to_thread(log.read_text)


async def test_every_request_is_logged_with_its_id_and_route(curt: World, curt_log: Path) -> None:
    await curt.anyone.get(f"/team/{NOT_FOUND}?q=hidden", headers={"X-Request-Id": "the-request"})
    (text,) = [line for line in (await said(curt, curt_log)).splitlines() if "the-request" in line]
    line = json.loads(text)
    assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "GET", "/team/{team:str}", 422)


async def test_no_secret_ever_stands_in_a_log(curt: World, curt_log: Path, discord: FakeDiscord) -> None:
    app = await curt.app()
    token = discord.knows(new_number())
    hidden = [app.password, "hidden-secret", "hidden-url", "hidden-name", token, "wrong-password"]
    put = {"url": "https://hidden-url.example", "secret": "hidden-secret"}
    await app.put("/callback/team_deleted", put)
    await app.put("/callback/team_deleted", {**put, "secret": "hidden-secret\n"})
    await app.post("/teams/new?q=hidden-name", {"name": ["hidden-name"]})
    await curt.anyone.post("/auth/discord", {"token": token})
    await Caller(curt.http, app.username, "wrong-password").get("/auth/me")
    hidden.append((await app.post("/auth/reset_token")).json()["password"])
    text = await said(curt, curt_log)
    assert [secret for secret in hidden if secret in text] == []
    assert "/callback/{event:str}" in text

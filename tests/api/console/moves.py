"""A second guild of the same owner, into which the first one is loaded."""

from html import unescape
from typing import Any

import httpx

from domain.guilds.commands import report_guild, report_members
from domain.guilds.reports import ChannelReport, GuildReport, MemberReport, RoleReport
from domain.processes.register_template import register_template
from tests.api.console.homes import FILTER, GREETINGS, HIDDEN, POLICIES, Home, fields_on
from tests.world import ORIGIN, new_number
from workers.loader import registry
from workers.loader.job import job_of, running_load
from workers.loader.snowflakes import Snowflakes

STEPS = ("roles", "channels", "settings", "delete_roles", "delete_channels")


class Move:
    """Home's owner moves to the guild `new`, where there is a role `old` and nothing else."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.owner = home.owner
        self.new, self.old = new_number(), new_number()
        self.path = f"/console/guilds/{self.new}/loads"

    async def open(self) -> None:
        world, bot = self.home.world, await self.home.world.primary()
        await self.report()
        members = [MemberReport(id=self.owner.account, username="olga", nick="Olga")]
        await world.do(report_members, guild=self.new, members=members)
        guilds = [str(self.home.guild), str(self.new)]
        settings = {"settings": [GREETINGS, FILTER, HIDDEN], "policies": POLICIES, "guild_ids": guilds}
        await world.do(register_template, name=self.home.template, owner=bot.id, may_reserve=True, **settings)

    async def report(self, *more: RoleReport, owner: int | None = None) -> None:
        """Report the new guild, with more roles, or as somebody else's."""
        bot = await self.home.world.primary()
        roles = [RoleReport(id=self.new, name="@everyone"), RoleReport(id=self.old, name="Leftover", position=1), *more]
        report = GuildReport(id=self.new, owner=owner or self.owner.account, name="New home")
        nothing: list[ChannelReport] = []
        await self.home.world.do(report_guild, report=report, roles=roles, channels=nothing, bot=bot.id)

    async def backup(self) -> str:
        """Back the first guild up, and return the backup's id."""
        path = f"/console/guilds/{self.home.guild}/loads"
        done = await self.owner.post(path, {"_do": "backup", "name": "As it was"})
        assert done.headers["location"] == f"{path}?done=backup"
        page = (await self.owner.get(f"{self.path}/new")).text
        return page.partition('name="backup"')[2].partition('<option value="">')[2].partition('<option value="')[2][:10]

    async def plan(self, backup: str, **more: object) -> httpx.Response:
        """Ask what a load would do."""
        form = {"backup": backup, "mode": "replace", **dict.fromkeys(STEPS, "true"), "_do": "plan", **more}
        return await self.owner.post(f"{self.path}/new", form)

    async def load(self, planned: httpx.Response, **more: Any) -> httpx.Response:  # noqa: ANN401 - any field
        """Do what was planned, as the page's own button would."""
        text = planned.text.partition('id="plan"')[2].partition("</form>")[0]
        return await self.owner.post(f"{self.path}/new", {**fields_on(text), "_do": "load", **more})

    async def started(self) -> str:
        """Plan and start a load; return its id."""
        begun = await self.load(await self.plan(await self.backup()))
        assert begun.status_code == 303, unescape(begun.text)
        return begun.headers["location"].rpartition("/")[2]

    async def run(self, load: str) -> None:
        """Bring a load to its end, and wait until reads show that."""
        store = self.home.world.store
        running = await running_load(store, load)
        assert running
        job = await job_of(store, running)
        await registry.run(store, job._replace(origin=ORIGIN), Snowflakes())
        async with store.pool.connection() as connection:
            row = await (await connection.execute("SELECT book.head()")).fetchone()
        await self.home.world.anyone.get("/accounts/signups", headers={"Guildbook-After": str(row[0] if row else 0)})

"""Schemathesis sends what the published document allows, and what it forbids: every answer is one that is described."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.apps.aggregate import AUDITOR_SCOPE
from tests.api.book.loading import LOADS, OWNER, back_up, done, external, new_source, new_target, publish
from tests.api.book.subscribing import URL, deliver, subscribe
from tests.workers.notary.books import notarize
from tests.world import Bot, Caller, World, new_number

pytestmark = pytest.mark.judge

COMMAND = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
EXAMPLES_MAX = int(os.environ.get("GUILDBOOK_TEST_EXAMPLES", "8"))  # of a route; `make soak` asks for many more
AFTER = {"header.Guildbook-After": "0"}  # any other would be waited for
NATIVE = "^/book/"
NOT_NATIVE = f"--exclude-path-regex={NATIVE}"
GUILDS = "^/book/guilds"
OTHERS = "^/book/(events|settings|bots)"
LOADING = "^/book/(backups|templates|loads)"
CALLBACKS = "^/book/callbacks"
PROOFS = "^/book/(checkpoint|proofs|keys|export)"
HISTORY = "^/book/(streams|search)"
XENON = "^(/api)?/(mappers|loaders|templates)"
RESET = "/auth/reset_token"  # whoever calls it is nobody afterwards


def judge(folder: Path, caller: Caller, parameters: Mapping[str, object], *arguments: str) -> None:
    """Let schemathesis judge with these parameters known and everything else made up."""
    lines = [f'"{name}" = {json.dumps(value)}' for name, value in parameters.items()]
    config = folder / "schemathesis.toml"
    config.write_text("\n".join(["[parameters]", *lines]))
    token = f"--header=Authorization: {caller.token}" if isinstance(caller, Bot) else ""
    who = token or f"--auth={caller.username}:{caller.password}"
    options = [who, f"--checks={','.join(CHECKS)}", "--seed=1", "--no-color"]
    limits = [f"--max-examples={EXAMPLES_MAX}", "--continue-on-failure", "--generation-database=none"]
    url = str(caller.http.base_url.join("/openapi.json"))
    command = [COMMAND, f"--config-file={config}", "run", url, *options, *limits, *arguments]
    judged = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


async def test_every_answer_to_anything_is_described(world: World, tmp_path: Path) -> None:
    judge(tmp_path, await world.app(), AFTER, f"--exclude-path={RESET}", NOT_NATIVE)


async def test_every_answer_about_what_is_there_is_described(world: World, tmp_path: Path) -> None:
    team = await world.team()
    account = await world.account(team)
    award = await world.award(team, [account])
    known = {**AFTER, "path.team": team, "path.account": str(account), "path.award": award}
    app = await world.app()
    judge(tmp_path, app, known, "--exclude-method=DELETE", f"--exclude-path={RESET}", NOT_NATIVE)
    judge(tmp_path, app, known, "--include-method=DELETE", "--phases=fuzzing", NOT_NATIVE)


@pytest.mark.parametrize("kind", ["app", "session"])
async def test_every_answer_to_a_reset_is_described(world: World, tmp_path: Path, kind: str) -> None:
    caller = await world.app(0) if kind == "app" else await world.member()
    judge(tmp_path, caller, AFTER, f"--include-path={RESET}")


@pytest.mark.parametrize("known", [{}, {"path.guild_id": str(new_number())}], ids=["anything", "one guild"])
async def test_every_answer_to_a_bot_about_guilds_is_described(
    world: World, tmp_path: Path, known: dict[str, str]
) -> None:
    judge(tmp_path, await world.bot(), {**AFTER, **known}, f"--include-path-regex={GUILDS}")


async def test_every_answer_to_a_bot_about_anything_else_is_described(world: World, tmp_path: Path) -> None:
    judge(tmp_path, await world.bot(), AFTER, f"--include-path-regex={OTHERS}")


async def test_every_answer_about_what_is_backed_up_and_loaded_is_described(world: World, tmp_path: Path) -> None:
    bot = await world.bot()
    source = await new_source(bot)
    taken, made = await back_up(bot, source), await publish(bot, source)
    load = done(await bot.post(LOADS, external(await new_target(bot))), 202)
    ids = {"path.backup_id": taken["id"], "path.template_id": made["id"], "path.load_id": load["load_id"]}
    known = {**AFTER, **ids, "query.user_id": str(OWNER)}
    judge(tmp_path, bot, known, f"--include-path-regex={LOADING}", "--exclude-method=DELETE")
    judge(tmp_path, bot, known, f"--include-path-regex={LOADING}", "--include-method=DELETE", "--phases=fuzzing")


async def test_every_answer_to_an_auditor_about_the_past_is_described(world: World, tmp_path: Path) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    judge(tmp_path, auditor, AFTER, f"--include-path-regex={HISTORY}")
    known = {"path.stream": f"accounts-{await world.account()}", "query.as_of": "2999-01-01T00:00:00Z"}
    judge(tmp_path, auditor, {**AFTER, **known}, f"--include-path-regex={HISTORY}")


async def test_every_answer_about_what_is_signed_is_described(
    world: World, shared_database_url: str, tmp_path: Path
) -> None:
    bot = await world.bot(AUDITOR_SCOPE)
    size = str((await notarize(shared_database_url)).size)
    judge(tmp_path, bot, AFTER, f"--include-path-regex={PROOFS}")
    known = {"path.size": size, "query.position": "1", "query.size": size, "query.from": "1", "query.to": size}
    judge(tmp_path, bot, {**AFTER, **known}, f"--include-path-regex={PROOFS}")


async def test_every_answer_about_callbacks_is_described(
    world: World, shared_database_url: str, tmp_path: Path
) -> None:
    bot = await world.bot()
    added = await subscribe(bot)
    known = {
        **AFTER,
        "path.callback_id": added["id"],
        "path.delivery_id": deliver(shared_database_url, added, 7),
        "body.url": URL,
    }
    few = (f"--include-path-regex={CALLBACKS}", "--max-examples=6")  # it is many routes
    judge(tmp_path, bot, known, *few, "--exclude-method=DELETE")
    judge(tmp_path, bot, known, *few, "--include-method=DELETE", "--phases=fuzzing")


async def test_every_answer_to_a_bot_before_the_xenon_surface_is_described(world: World, tmp_path: Path) -> None:
    judge(tmp_path, await world.bot(), AFTER, f"--include-path-regex={XENON}")

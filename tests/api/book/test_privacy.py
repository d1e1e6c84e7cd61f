"""Privacy over HTTP: who may erase, hold and hand out, and what everybody gets of themselves."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from domain.accounts.aggregate import AccountAlreadyRegisteredError, Edit, Profile
from domain.apps.aggregate import AUDITOR_SCOPE, PRIVACY_SCOPE
from domain.guilds.commands import report_guild, report_members
from domain.guilds.reports import GuildReport, MemberReport
from domain.permissions import OPERATOR
from domain.privacy.aggregate import SUBJECT
from domain.processes.create_account import create_account
from domain.processes.edit_account import edit_account
from domain.processes.register_callback import register_callback
from store.codec import Origin
from tests.api.antiraid.callers import open_session
from tests.api.book.problems import refused
from tests.world import STEWARD, Bot, World, new_number


async def officer(world: World) -> Bot:
    return await world.bot(PRIVACY_SCOPE)


async def standing(caller: Bot, subject: str) -> dict[str, Any]:
    answer = await caller.get(f"/book/privacy/subjects/{subject}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_person_is_erased_once_and_is_gone(world: World) -> None:
    operator, account = await officer(world), await world.account(name="Inês-of-privacy")
    subject = f"accounts-{account}"
    assert (await standing(operator, subject))["has_key"]
    body = {"subject": subject, "reference": "ticket 12"}
    erased = await operator.post("/book/privacy/erasures", body)
    assert erased.status_code == 200, erased.text
    assert erased.json() == {"subject": subject, "position": int(erased.headers["Guildbook-Position"]), "is_new": True}
    assert (await world.anyone.get(f"/account/{account}")).status_code != 200
    assert not (await operator.post("/book/privacy/erasures", body)).json()["is_new"]
    now = await standing(operator, subject)
    assert (now["erasures"], now["has_key"], now["position"] < erased.json()["position"]) == (1, False, True)
    listed = (await operator.get("/book/privacy/subjects")).json()["items"]
    assert subject in [each["subject"] for each in listed]


async def test_asked_by_several_at_once_it_is_erased_once(world: World) -> None:
    operator, subject = await officer(world), f"accounts-{await world.account()}"
    answers = await asyncio.gather(*[operator.post("/book/privacy/erasures", {"subject": subject}) for _ in range(12)])
    assert sorted(answer.json()["is_new"] for answer in answers) == [False] * 11 + [True]
    assert (await standing(operator, subject))["erasures"] == 1


async def test_everybody_gets_theirs_a_few_times_an_hour_and_operators_whenever(world: World) -> None:
    operator, account = await officer(world), await world.account()
    path = f"/book/privacy/subjects/accounts-{account}/data"
    themselves = await open_session(world, account=account)
    answers = [await themselves.get(path) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert refused(answers[-1])[1].startswith("That was asked too often.")
    assert int(answers[-1].headers["Retry-After"]) > 3000
    assert (await operator.get(path)).status_code == 200


async def test_who_is_held_is_erased_when_the_last_hold_is_released(world: World) -> None:
    operator, subject = await officer(world), f"accounts-{await world.account()}"
    path = f"/book/privacy/subjects/{subject}/holds"
    for reference in ("case 7", "case 8"):
        assert (await operator.post(path, {"reference": reference})).status_code == 200
    refused = await operator.post("/book/privacy/erasures", {"subject": subject})
    assert (refused.status_code, "case 7, case 8" in refused.text) == (409, True)
    for reference in ("case 7", "case 8", "case 9"):
        assert (await operator.ask("DELETE", path, json={"reference": reference})).status_code == 200
    assert (await operator.post("/book/privacy/erasures", {"subject": subject})).status_code == 200


async def test_everybody_gets_what_there_is_of_them_and_nothing_of_others(world: World) -> None:
    account, other = await world.account(name="Inês-herself"), await world.account(name="Rui-himself")
    guild = new_number()
    report = GuildReport(id=guild, owner=other, name="Açores")
    await world.do(report_guild, report=report, roles=(), channels=(), bot=77)
    await world.do(report_members, guild=guild, members=[MemberReport(id=account, username="ines-the-member")])
    await world.do(edit_account, OPERATOR, account=account, edit=Edit(name="Inês-renamed"))
    acting = Origin(actor=f"accounts-{account}", surface="tests", address="203.0.113.7")
    await world.store.execute(acting, edit_account, OPERATOR, account=other, edit=Edit(name="Rui-renamed"))
    herself = await open_session(world, account=account)
    answer = await herself.get(f"/book/privacy/subjects/accounts-{account}/data")
    assert answer.status_code == 200, answer.text
    found = json.loads(answer.text)
    assert found["tables"]["accounts"][0]["name"] == "Inês-renamed"
    assert found["tables"]["guild_members"][0]["username"] == "ines-the-member"
    types = [event["type"] for event in found["events"]]
    assert {"accounts.AccountCreated", "sessions.SessionOpened", "guilds.MemberJoined"} <= set(types)
    assert found["events"][0]["data"]["name"] == "Inês-herself"
    [edited] = [event for event in found["events"] if event["stream"] == f"accounts-{other}"]
    assert (edited["actor"], edited["address"], edited["data"]["name"]) == (f"accounts-{account}", "203.0.113.7", None)
    assert "Rui-" not in answer.text
    assert "token_hash" not in answer.text
    assert (await world.store.load(SUBJECT, SUBJECT.stream(f"accounts-{account}"))).version == 1  # it is recorded
    assert (await herself.get(f"/book/privacy/subjects/accounts-{other}/data")).status_code == 403


async def test_a_copy_of_an_app_and_of_a_guild_holds_no_secret(world: World) -> None:
    operator, bot, guild = await officer(world), await world.bot(), new_number()
    secret = {"app": bot.id, "event": "account_created", "url": "https://a.example", "secret": "the-secret"}
    await world.do(register_callback, **secret)
    report = GuildReport(id=guild, owner=bot.id, name="Açores")
    await world.do(report_guild, report=report, roles=(), channels=(), bot=bot.id)
    of_app = await operator.get(f"/book/privacy/subjects/apps-{bot.id}/data")
    assert {event["type"] for event in of_app.json()["events"]} >= {"apps.AppCreated", "callbacks.CallbackRegistered"}
    assert "the-secret" not in of_app.text
    assert "token_hash" not in of_app.text
    of_guild = (await operator.get(f"/book/privacy/subjects/guilds-guild-{guild}/data")).json()
    assert [event["type"] for event in of_guild["events"]] == ["guilds.GuildCreated"]
    assert of_guild["tables"]["guilds"][0]["name"] == "Açores"


async def test_rules_of_retention_are_what_was_said_last(world: World) -> None:
    operator = await officer(world)
    rules = [{"data_class": "unseen_people", "days": 36500}]
    assert (await operator.put("/book/privacy/retention", {"rules": rules})).status_code == 200
    assert (await operator.get("/book/privacy/retention")).json() == {"rules": rules}
    assert (await operator.put("/book/privacy/retention", {"rules": []})).status_code == 200
    assert (await operator.get("/book/privacy/retention")).json() == {"rules": []}


ASKS = [
    ("POST", "/book/privacy/erasures", {"subject": "accounts-1"}),
    ("GET", "/book/privacy/subjects", None),
    ("GET", "/book/privacy/subjects/accounts-1", None),
    ("GET", "/book/privacy/subjects/accounts-1/data", None),
    ("POST", "/book/privacy/subjects/accounts-1/holds", {"reference": "case 7"}),
    ("DELETE", "/book/privacy/subjects/accounts-1/holds", {"reference": "case 7"}),
    ("GET", "/book/privacy/retention", None),
    ("PUT", "/book/privacy/retention", {"rules": []}),
]


READS = ("/book/privacy/subjects", "/book/privacy/subjects/accounts-1", "/book/privacy/retention")


async def test_auditors_read_how_it_stands_and_do_nothing(world: World) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    for method, path, body in ASKS:
        status = 200 if method == "GET" and path in READS else 403
        assert (await auditor.ask(method, path, json=body)).status_code == status, (method, path)


async def test_nobody_else_may_do_any_of_it(world: World) -> None:
    bot = await world.bot()
    limited = await world.bot(PRIVACY_SCOPE, guilds=[new_number()])
    person = await open_session(world)
    for method, path, body in ASKS:
        for caller in (bot, limited, person):
            assert (await caller.ask(method, path, json=body)).status_code == 403, (method, path)
        assert (await world.anyone.ask(method, path, json=body)).status_code == 401, (method, path)


async def test_a_session_of_an_operators_account_may(world: World) -> None:
    made = {"profile": Profile(STEWARD, "Steward", "0001", None), "team": None, "permissions": 0}
    with suppress(AccountAlreadyRegisteredError):
        await world.do(create_account, OPERATOR, **made, signups_default=True)
    steward = await open_session(world, account=STEWARD)
    assert (await steward.get("/book/privacy/subjects")).status_code == 200


@pytest.mark.parametrize(
    "subject", ["accounts-", "accounts-x", "teams-3", "guilds-920", "accounts-9999999999999999999", "%F0"]
)
async def test_what_is_nobody_is_not_found(world: World, subject: str) -> None:
    operator = await officer(world)
    assert (await operator.get(f"/book/privacy/subjects/{subject}")).status_code in {400, 404}
    assert (await operator.get(f"/book/privacy/subjects/{subject}/data")).status_code in {400, 404}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "erasures", {}),
        ("POST", "erasures", {"subject": 204}),
        ("POST", "erasures", {"subject": "accounts-x"}),
        ("POST", "erasures", {"subject": "accounts-1", "reference": ""}),
        ("POST", "erasures", {"subject": "accounts-1", "why": "because"}),
        ("POST", "subjects/accounts-1/holds", {}),
        ("POST", "subjects/accounts-1/holds", {"reference": "a\nb"}),
        ("PUT", "retention", {"rules": [{"data_class": "secrets", "days": 3}]}),
        ("PUT", "retention", {"rules": [{"data_class": "unseen_people", "days": 0}]}),
        ("PUT", "retention", {"rules": 3}),
    ],
)
async def test_what_is_malformed_is_named(world: World, method: str, path: str, body: object) -> None:
    answer = await (await officer(world)).ask(method, f"/book/privacy/{path}", json=body)
    assert answer.status_code == 422, answer.text


async def test_nobody_who_is_not_known_is_erased(world: World) -> None:
    answer = await (await officer(world)).post("/book/privacy/erasures", {"subject": f"accounts-{new_number()}"})
    assert answer.status_code == 404

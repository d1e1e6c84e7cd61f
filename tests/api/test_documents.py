"""The published document, and the page to browse it."""

import re
from typing import Any

import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.openapi import PATH, text
from schemas.polympics import CALLBACK_EVENTS
from tests.world import World

PARTS = ["/docs/swagger-ui.css", "/docs/swagger-ui.js", "/docs/start.js"]
STREAMS = "/docs/streams"


@pytest.fixture
def published() -> dict[str, Any]:
    """Return the document."""
    return msgspec.json.decode(text())


def references(part: object) -> set[str]:
    """Return everything that is referred to somewhere in a part of the document."""
    match part:
        case {"$ref": str(found)}:
            return {found}
        case dict():
            return {found for value in part.values() for found in references(value)}
        case list():
            return {found for value in part for found in references(value)}
        case _:
            return set()


def test_the_file_is_what_the_routes_say() -> None:
    assert PATH.read_text() == text(), "python -m api.openapi writes it"


async def test_the_document_that_is_served_is_the_file(world: World) -> None:
    answer = await world.anyone.get("/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == msgspec.json.decode(PATH.read_bytes())


def test_the_document_is_openapi(published: dict[str, Any]) -> None:
    OPENAPI_31_VALIDATOR.validate(published)
    assert published["openapi"] == "3.1.0"


def test_everything_that_is_referred_to_is_there(published: dict[str, Any]) -> None:
    components = published["components"]
    there = {f"#/components/{kind}/{name}" for kind, parts in components.items() for name in parts}
    assert references(published) - there == set()


def routes_of(published: dict[str, Any], surface: str) -> set[tuple[str, str]]:
    """Return the routes of a surface, as methods and paths."""
    operations = [(method, path, it) for path, methods in published["paths"].items() for method, it in methods.items()]
    return {(method.upper(), path) for method, path, it in operations if it["tags"][0].startswith(f"{surface}.")}


def test_every_route_of_the_antiraid_contract_is_described(published: dict[str, Any]) -> None:
    assert routes_of(published, "antiraid") == {
        ("GET", "/config"),
        ("POST", "/oauth2"),
        ("GET", "/sessions"),
        ("POST", "/sessions"),
        ("GET", "/sessions/@me"),
        ("DELETE", "/sessions/{session_id}"),
        ("GET", "/users/@me/guilds"),
        ("GET", "/users/@me/guilds/{guild_id}"),
        ("GET", "/guilds/{guild_id}/settings"),
        ("POST", "/guilds/{guild_id}/settings"),
        ("GET", "/bot-stats"),
        ("GET", "/bot-state"),
    }


def test_every_route_of_the_xenon_contract_is_described_at_both_of_its_addresses(published: dict[str, Any]) -> None:
    routes = {("GET", "/mappers"), ("GET", "/loaders/ws")}
    routes |= {(method, "/templates/{template_id}/bots") for method in ("GET", "POST", "DELETE")}
    assert routes_of(published, "xenon") == routes | {(method, f"/api{path}") for method, path in routes}


def test_every_native_route_is_described(published: dict[str, Any]) -> None:
    assert routes_of(published, "book") == {
        ("GET", "/book/guilds"),
        ("PUT", "/book/guilds/{guild_id}"),
        ("GET", "/book/guilds/{guild_id}"),
        ("DELETE", "/book/guilds/{guild_id}"),
        ("POST", "/book/guilds/{guild_id}/changes"),
        ("GET", "/book/guilds/{guild_id}/members"),
        ("GET", "/book/guilds/{guild_id}/bans"),
        ("GET", "/book/settings/templates"),
        ("PUT", "/book/settings/templates/{name}"),
        ("GET", "/book/settings/templates/{name}"),
        ("DELETE", "/book/settings/templates/{name}"),
        ("GET", "/book/guilds/{guild_id}/settings/{template}/{setting}/history"),
        ("POST", "/book/guilds/{guild_id}/settings/{template}/{setting}/undo"),
        ("PUT", "/book/bots/@me/stats"),
        ("PUT", "/book/bots/@me/commands"),
        *((method, "/book/backups") for method in ("GET", "POST")),
        *((method, "/book/backups/{backup_id}") for method in ("GET", "DELETE")),
        *((method, "/book/templates") for method in ("GET", "POST")),
        *((method, "/book/templates/{template_id}") for method in ("GET", "DELETE")),
        *((method, "/book/loads") for method in ("GET", "POST")),
        ("GET", "/book/loads/{load_id}"),
        *(("GET", f"/book/events{rest}") for rest in ("", "/ws")),
        ("GET", "/book/export"),
        *(("GET", f"/book/{path}") for path in ("search", "streams/{stream}", "streams/{stream}/related")),
        *(("GET", f"/book/{path}") for path in ("checkpoint", "checkpoints/{size}", "keys")),
        ("POST", "/book/privacy/erasures"),
        ("GET", "/book/privacy/subjects"),
        *(("GET", f"/book/privacy/subjects/{{subject}}{part}") for part in ("", "/data")),
        *((method, "/book/privacy/subjects/{subject}/holds") for method in ("POST", "DELETE")),
        *((method, "/book/privacy/retention") for method in ("GET", "PUT")),
        *(("GET", f"/book/proofs/{kind}") for kind in ("inclusion", "consistency")),
        *((method, "/book/callbacks") for method in ("GET", "POST")),
        *((method, "/book/callbacks/{callback_id}") for method in ("GET", "PATCH", "DELETE")),
        *(
            ("POST", f"/book/callbacks/{{callback_id}}/{word}")
            for word in ("rotate", "pause", "resume", "replay", "test", "deliveries/{delivery_id}/resend")
        ),
        *(("GET", f"/book/callbacks/{{callback_id}}/deliveries{rest}") for rest in ("", "/{delivery_id}")),
        *(("POST", f"/book/guilds/{{target}}/settings/restore{rest}") for rest in ("", "/undo")),
        *(("POST", f"/book/loads/{{load_id}}/{word}") for word in ("cancel", "status", "mappings", "done")),
    }


def test_every_write_of_the_native_surface_takes_a_key_and_answers_with_problems(published: dict[str, Any]) -> None:
    for method, path in routes_of(published, "book"):
        operation = published["paths"][path][method.lower()]
        assert ("Idempotency-Key" in [each["name"] for each in operation["parameters"]]) == (method != "GET")
    problems = {name: it for name, it in published["components"]["responses"].items() if name.startswith("book.")}
    assert {kind for it in problems.values() for kind in it["content"]} == {"application/problem+json"}


def test_every_route_of_the_polympics_contract_is_described(published: dict[str, Any]) -> None:
    assert routes_of(published, "polympics") == {
        ("GET", "/accounts/signups"),
        ("POST", "/accounts/new"),
        ("POST", "/acounts/new"),
        ("GET", "/accounts/search"),
        ("GET", "/account/{account}"),
        ("PATCH", "/account/{account}"),
        ("DELETE", "/account/{account}"),
        ("POST", "/teams/new"),
        ("GET", "/teams/search"),
        ("GET", "/team/{team}"),
        ("PATCH", "/team/{team}"),
        ("DELETE", "/team/{team}"),
        ("POST", "/awards/new"),
        ("GET", "/award/{award}"),
        ("PATCH", "/award/{award}"),
        ("DELETE", "/award/{award}"),
        ("PUT", "/account/{account}/award/{award}"),
        ("DELETE", "/account/{account}/award/{award}"),
        ("PUT", "/callback/{event}"),
        ("GET", "/callback/{event}"),
        ("DELETE", "/callback/{event}"),
        ("GET", "/callbacks"),
        ("POST", "/auth/discord"),
        ("POST", "/auth/create_session"),
        ("POST", "/auth/reset_token"),
        ("GET", "/auth/me"),
    }


def test_what_callbacks_are_sent_is_described_with_its_headers(published: dict[str, Any]) -> None:
    told = {event: it["post"] for event, it in published["webhooks"].items()}
    assert list(told) == [*CALLBACK_EVENTS, "book_event"]
    assert [*told["book_event"]["requestBody"]["content"]] == ["application/cloudevents+json"]
    assert [*told["team_deleted"]["requestBody"]["content"]] == ["application/json"]
    for operation in told.values():
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= headers
    assert {"410"} <= set(told["book_event"]["responses"])


def test_only_the_open_routes_ask_for_no_credentials(published: dict[str, Any]) -> None:
    operations = [operation for methods in published["paths"].values() for operation in methods.values()]
    asks = {operation["operationId"]: operation.get("security", []) for operation in operations}
    assert {name for name, security in asks.items() if not security} == {
        "get_accounts_signups",
        "get_accounts_search",
        "get_account_account",
        "get_teams_search",
        "get_team_team",
        "get_award_award",
        "post_auth_discord",
        "get_book_checkpoint",
        "get_book_checkpoints_size",
        "get_book_proofs_inclusion",
        "get_book_proofs_consistency",
        "get_book_keys",
        "get_config",
        "post_oauth2",
        "get_bot_stats",
        "get_bot_state",
        "get_templates_template_id_bots",
        "get_api_templates_template_id_bots",
    }
    assert asks["patch_account_account"] == [{}, {"basic": []}]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_page_asks_nothing_of_other_hosts_and_holds_no_script(world: World, path: str) -> None:
    answer = await world.anyone.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert re.findall(r'(?:src|href)="([^"]*)"', answer.text) == ["data:,", PARTS[0], STREAMS, *PARTS[1:]]
    assert re.findall(r"<script[^>]*>([^<]*)</script>", answer.text) == ["", ""]
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("path", PARTS)
async def test_the_parts_of_the_page_are_served(world: World, path: str) -> None:
    answer = await world.anyone.get(path)
    kind = "text/css" if path.endswith("css") else "text/javascript"
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("max-age=86400", "nosniff")
    assert len(answer.content) > 100


@pytest.mark.parametrize("path", ["/docs/redoc.js", "/docs/__init__.py", "/docs/..%2Fpages.py", "/docs/%00"])
async def test_nothing_else_is_served_beside_the_page(world: World, path: str) -> None:
    answer = await world.anyone.get("/", extensions={"target": path.encode()})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})

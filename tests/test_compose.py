"""The compose file: no default secrets, and every container checked, bounded, shut in, and started in order."""

import re
import tomllib
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
import yaml

from cli.main import guildbook
from schemas.settings import PREFIX, Settings, read_settings
from tests.compose import ENDING, FILE, ROOT, SECRETS, NotSetError, composed, ours

COMPOSE = composed()
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ours(SERVICES)
APIS = ["api-1", "api-2"]
LASTING = sorted(SERVICES.keys() - {ENDING})
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY$")
PINNED = re.compile(r"[\w/]+:\d+\.\d+[\w.-]*")
READY = {"postgres": {"condition": "service_healthy"}, "migrate": {"condition": "service_completed_successfully"}}
CADDYFILE = (ROOT / "deploy/Caddyfile").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()

every_service = pytest.mark.parametrize("name", sorted(SERVICES))
lasting_service = pytest.mark.parametrize("name", LASTING)
our_service = pytest.mark.parametrize("name", sorted(OURS))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_it_does_not_start_without_a_secret(name: str) -> None:
    with pytest.raises(NotSetError, match=name):
        composed({other: value for other, value in SECRETS.items() if other != name})
    with pytest.raises(NotSetError, match=name):
        composed({**SECRETS, name: ""})


def test_no_secret_is_written_into_it() -> None:
    raw = yaml.safe_load(FILE.read_text())["services"]
    named = {key: value for service in raw.values() for key, value in service.get("environment", {}).items()}
    secrets = {key: value for key, value in named.items() if SECRET.search(key)}
    assert secrets.keys() == SECRETS.keys()
    assert all(value.startswith(f"${{{key}:?") for key, value in secrets.items())
    assert all(text.startswith("${") for text in re.findall(r"://\w+:([^@\s]+)@", FILE.read_text()))


@every_service
def test_no_secret_is_on_a_command_line(name: str) -> None:
    lines = {part: SERVICES[name].get(part) for part in ("command", "entrypoint", "healthcheck", "labels", "build")}
    assert not any(secret in str(lines) for secret in SECRETS.values())


@lasting_service
def test_every_lasting_service_is_checked_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"].keys() >= {"test", "interval", "timeout", "retries", "start_period"}
    assert "stop_grace_period" in service


def test_migrations_run_once() -> None:
    assert SERVICES[ENDING]["restart"] == "no"
    assert SERVICES[ENDING]["command"] == ["migrate"]


@every_service
def test_every_image_is_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@every_service
def test_every_container_is_bounded_and_shut_in(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() >= {"memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_only_who_asks_others_reaches_the_world() -> None:
    inside = {name for name, network in COMPOSE["networks"].items() if network and network.get("internal")}
    outside = {name for name, service in SERVICES.items() if not inside.issuperset(service["networks"])}
    assert outside == {*APIS, "callbacks", "loader", "notary", "proxy"}


def test_the_api_believes_the_network_in_which_only_the_proxy_is() -> None:
    [front] = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {*APIS, "proxy"}
    for name in APIS:
        settings = read_settings({key: str(value) for key, value in SERVICES[name]["environment"].items()})
        assert settings.proxies() == (ip_network(front["subnet"]),)


def test_what_must_stay_is_in_volumes() -> None:
    mounted = [volume.split(":")[:2] for service in SERVICES.values() for volume in service.get("volumes", [])]
    kept = {source: target for source, target in mounted if not source.startswith("./")}
    assert kept.keys() == COMPOSE["volumes"].keys()
    assert kept["postgres"] == "/var/lib/postgresql"  # where the image of PostgreSQL 18 has its VOLUME
    assert kept["kafka"] == SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert kept["certificates"] == "/data"
    assert all((ROOT / source).is_file() for source, _ in mounted if source.startswith("./"))


@our_service
def test_everything_of_ours_waits_for_the_database_and_its_migrations(name: str) -> None:
    ready = READY if name != ENDING else {"postgres": READY["postgres"]}
    kafka = {"kafka": {"condition": "service_healthy"}} if name in {"relay", "inbox"} else {}
    assert SERVICES[name]["depends_on"] == {**ready, **kafka}


def test_the_proxy_waits_for_both_servers() -> None:
    assert SERVICES["proxy"]["depends_on"] == {name: {"condition": "service_healthy"} for name in APIS}


@our_service
def test_every_command_and_setting_is_known(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    guildbook.commands[command].make_context(command, arguments)
    settings = SERVICES[name]["environment"]
    known = {f"{PREFIX}{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert settings.keys() <= known
    assert all(isinstance(value, str) for value in settings.values())
    read_settings(settings)


def test_every_worker_runs_and_there_are_two_servers() -> None:
    commands = [tuple(service["command"]) for service in OURS.values()]
    roles = guildbook.commands["work"].params[0].type.choices  # pyright: ignore[reportAttributeAccessIssue]
    assert sorted(commands) == sorted([("migrate",), ("serve",), ("serve",), *(("work", role) for role in roles)])


@our_service
def test_a_worker_is_checked_by_its_heartbeat_and_a_server_by_asking_it(name: str) -> None:
    service = SERVICES[name]
    if name == ENDING:
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["healthcheck"]["test"] == ["CMD", "guildbook", "health"]
    heartbeat = service["environment"].get("GUILDBOOK_HEARTBEAT", "")
    assert heartbeat.startswith("/tmp/") if service["command"][0] == "work" else not heartbeat  # noqa: S108 - of its own


def test_kafka_is_the_one_that_the_tests_run_and_keeps_to_itself() -> None:
    pom = (ROOT / "tests/kafka/pom.xml").read_text()
    version = SERVICES["kafka"]["image"].rpartition(":")[2]
    assert re.search(rf"<artifactId>kafka_[\d.]+</artifactId>\s*<version>{re.escape(version)}</version>", pom)
    settings = SERVICES["kafka"]["environment"]
    assert settings["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{OURS['relay']['environment']['GUILDBOOK_KAFKA']}"
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert SERVICES["kafka"]["networks"] == ["back"]


def test_the_proxy_passes_on_to_both_servers_and_shows_nobody_the_figures() -> None:
    port = SERVICES["api-1"]["environment"]["GUILDBOOK_PORT"]
    assert " ".join(f"{name}:{port}" for name in APIS) in CADDYFILE
    assert "health_uri /health/live" in CADDYFILE
    assert "@figures path /metrics" in CADDYFILE
    checked = SERVICES["proxy"]["healthcheck"]["test"][-1]
    assert re.search(rf"^http://:{checked.split(':')[-1].strip('/')} {{\n\tbind 127.0.0.1$", CADDYFILE, re.MULTILINE)


def test_the_image_is_of_this_version_and_runs_as_nobody_special() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for service in OURS.values()} == {f"guildbook:{version}"}
    build, run = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert build.split()[0] == run.split()[0]
    assert PINNED.fullmatch(run.split()[0])
    assert re.search(r"^USER guildbook$", run, re.MULTILINE)
    assert "pip install" not in run
    assert not re.search(r"^ARG|PASSWORD|SECRET|_KEY", DOCKERFILE, re.MULTILINE)


def test_the_image_is_made_of_what_the_package_needs() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert let_in >= {package.rstrip("*") for package in packages} | {"pyproject.toml", "constraints.txt", "README.md"}
    assert not any(name.startswith((".env", ".guildbook")) for name in let_in)

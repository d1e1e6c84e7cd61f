"""Reads docker-compose.yml as Compose does: anchors, merges, and variables from an environment."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRETS = {"POSTGRES_PASSWORD": "very-secret-1", "GUILDBOOK_MASTER_KEY": "very-secret-2"}
ENDING = "migrate"  # the only service that ends by itself


class NotSetError(Exception):
    """A variable that must be set is not."""


def composed(environment: Mapping[str, str] = SECRETS) -> dict[str, Any]:
    """Return the file with its variables filled in. Errors: NotSetError."""
    return _filled(yaml.safe_load(FILE.read_text()), environment)


def _filled(node: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever YAML may hold
    if isinstance(node, dict):
        return {name: _filled(value, environment) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, environment) for value in node]
    return VARIABLE.sub(lambda found: _value(found, environment), node) if isinstance(node, str) else node


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, kind, text = found.groups()
    if environment.get(name):
        return environment[name]
    if kind == "-":
        return text
    raise NotSetError(name)


def ours(services: Mapping[str, Any]) -> dict[str, Any]:
    """Return the services that run Guildbook."""
    return {name: service for name, service in services.items() if service["image"].startswith("guildbook:")}

"""Whatever is commanded, the tables hold what the streams say, and a replay makes the very same rows."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts.aggregate import ACCOUNT
from domain.apps.aggregate import APP
from domain.awards.aggregate import AWARD, HOLDING
from domain.callbacks.aggregate import CALLBACK
from domain.kernel import Entity
from domain.sessions.aggregate import SESSION
from domain.teams.aggregate import TEAM
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from projections.runtime import Group
from projections.checkpoints import begin, fingerprint
from projections.rebuild import create_tables
from store.connections import connect
from store.event_store import EventStore
from tests.books import ask, dump, opened
from tests.deeds import Deeds, do_many

"""The official library of CloudEvents for Node reads what the relay writes of real events, in both modes."""

import json
from typing import Any, Literal, cast

import pytest

from schemas.settings import Settings
from tests import node_judges
from tests.api.test_async_document import STORED
from tests.books import ask
from tests.world import World
from workers.kafka.records import Row, writer

pytestmark = pytest.mark.judge


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_every_record_is_a_cloudevent(
    world: World, shared_database_url: str, mode: Literal["structured", "binary"]
) -> None:
    await world.award(await world.team(), [await world.account()])
    rows = [Row(*row) for row in cast("list[Any]", ask(shared_database_url, STORED))]
    records = list(map(writer(Settings(kafka_mode=mode)), rows))
    asked = [
        {
            "key": record.key.decode(),
            "value": record.value.decode(),
            "headers": {name: value.decode() for name, value in record.headers},
        }
        for record in records
    ]
    for row, event in zip(rows, node_judges.ask("records", asked), strict=True):
        assert (event["id"], event["type"], event["subject"]) == (str(row.position), row.type, row.stream), event
        assert event["streamversion"] == str(row.version)
        assert event["data"].keys() == json.loads(row.data).keys()

"""What the documents say about the code is what the code says."""

import re
from pathlib import Path

import msgspec

from schemas.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]


def test_the_readme_lists_every_setting_with_its_default() -> None:
    row = re.compile(rf"^\| `{PREFIX}(\w+)` \| (?:`([^`]*)`|\S) \|", re.MULTILINE)
    rows = dict(row.findall((ROOT / "README.md").read_text()))
    fields = msgspec.structs.fields(Settings)
    assert rows == {field.name.upper(): written(field.default) for field in fields}


def written(default: object) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return "" if default is None else str(default)


def test_the_architecture_fits_on_its_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 250

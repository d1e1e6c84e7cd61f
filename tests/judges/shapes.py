"""Compares the shape of an answer with a sample of it: the same keys in the same order, and the same JSON types."""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden"
SAMPLES = GOLDEN / "antiraid"
WORDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Sample:
    """An answer, and what was asked. `types` says what may stand at a path where the sample cannot show it all.

    That is any of the JSON types, `empty` for an array without the items that the sample has, and `map` for an object
    whose keys are data. In a path, `*` stands for anything.
    """

    def __init__(self, name: str, folder: Path = SAMPLES) -> None:
        stored = json.loads((folder / f"{name}.json").read_text())
        self.asked: Any = stored.get("asked")
        self.answer: Any = stored["answer"]
        self.types: dict[str, str] = stored.get("types", {})

    def faults(self, answer: object) -> list[str]:
        """Return where an answer has another shape."""
        return self._faults(self.answer, answer, "$")

    def _faults(self, sample: object, answer: object, path: str) -> list[str]:
        allowed = self._allowed(sample, path)
        word = WORDS.get(type(answer), "null")
        if word not in allowed and not (word == "integer" and "number" in allowed):
            return [f"{path}: {word}, not {' or '.join(sorted(allowed))}"]
        if isinstance(answer, dict):
            known = sample if isinstance(sample, dict) else {}
            return self._in_map(known, answer, path) if "map" in allowed else self._in_object(known, answer, path)
        if isinstance(answer, list):
            known = sample if isinstance(sample, list) else []
            if known and not answer and "empty" not in allowed:
                return [f"{path}: empty"]
            return [fault for item in answer for fault in self._least(known, item, f"{path}.*")]
        return []

    def _allowed(self, sample: object, path: str) -> set[str]:
        shown = {WORDS.get(type(sample), "null")}
        told = (types.split("|") for pattern, types in self.types.items() if fnmatchcase(path, pattern))
        return shown.union(*told)

    def _in_object(self, sample: Mapping[str, Any], answer: Mapping[str, Any], path: str) -> list[str]:
        if list(sample) != list(answer):
            return [f"{path}: {list(answer)}, not {list(sample)}"]
        return [fault for name in sample for fault in self._faults(sample[name], answer[name], f"{path}.{name}")]

    def _in_map(self, sample: Mapping[str, Any], answer: Mapping[str, Any], path: str) -> list[str]:
        values = list(sample.values())
        return [fault for name, value in answer.items() for fault in self._least(values, value, f"{path}.{name}")]

    def _least(self, samples: Sequence[object], answer: object, path: str) -> list[str]:
        """Return the faults beside that of several samples that the answer is most like."""
        return min((self._faults(sample, answer, path) for sample in samples or [None]), key=len)


def is_like(name: str, answer: object, folder: Path = SAMPLES) -> bool:
    """Tell whether an answer has the shape of a sample; fails with what is different if it has not."""
    faults = Sample(name, folder).faults(answer)
    assert not faults, faults
    return True

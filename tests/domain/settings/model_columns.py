"""What the columns of a setting hold, told once more: what is meant by what is sent, and what is wrong with it."""

import re

from tests.domain.settings.community import (
    ADMIN,
    ADMINS,
    GUILD,
    HIGH,
    KEEPERS,
    LOUNGE,
    LOW,
    MANAGER,
    MIDDLE,
    OWNER,
    ROOM,
    Json,
    Value,
)

HEIGHTS = {GUILD: 0, LOW: 1, MIDDLE: 5, HIGH: 9, ADMINS: 4, KEEPERS: 3}
CHANNELS = {ROOM, LOUNGE}
TOPS = {OWNER: 99, MANAGER: 5, ADMIN: 4}
"""How high those stand who may write."""

BLANK_IS_NULL = {"channel", "user", "role", "guild", "message", "uuid", "timestamp", "interval"}
MISSING, WRONG_TYPE, NULL, CHECK = (
    "MissingOrInvalidField",
    "SchemaTypeValidationError",
    "SchemaNullValueValidationError",
    "SchemaCheckValidationError",
)
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "BitFlag": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "Json": (object,),
}


class Wrong(Exception):  # noqa: N818 - a refusal of the model is told from the product's
    """The kind of error that is answered."""


def is_a(value: Value, *types: type) -> bool:
    """Tell whether a value is of one of these types."""
    return isinstance(value, types)


class Columns:
    """The columns of one setting, as its definition in JSON has them."""

    def __init__(self, definition: Json, policy: Json) -> None:
        self.definition = definition
        self.policy = policy
        self.index_by = definition["index_by"]
        holding = [c for c in definition["columns"] if c["column_type"]["type"] != "Widget"]
        self.columns: list[Json] = [c for c in holding if c["id"] != self.index_by]
        self.keys = [c["id"] for c in self.columns if c.get("primary_key")]

    def closed(self, column: Json, ops: list[str]) -> bool:
        listed = [*column.get("hidden", []), *column.get("readonly", [])]
        return not column.get("primary_key") and any(op in listed for op in ops)

    def automatic(self, name: str, user: int, now: str) -> Value:
        return {"created_at": now, "last_updated_at": now, "created_by": str(user), "last_updated_by": str(user)}.get(
            name
        )

    def default(self, column: Json) -> Value:
        if column["id"] in self.policy["defaults"]:
            return self.policy["defaults"][column["id"]]
        if column["column_type"]["type"] == "Array":
            return []
        return 0 if column["column_type"]["inner"]["type"] == "BitFlag" else None

    def new(self, fields: Json, ops: list[str], user: int, now: str) -> Json:
        row: Json = {}
        for column in self.columns:
            name = column["id"]
            automatic = self.automatic(name, user, now)
            if self.closed(column, ops):
                value = self.default(column) if automatic is None else automatic
            elif name in fields:
                value = self.meant(column, fields[name])
                value = 0 if value == "" and column["column_type"]["inner"]["type"] == "BitFlag" else value
            else:
                value = self.default(column)
                if value is None and not column.get("nullable"):
                    value = automatic
                    if value is None:
                        raise Wrong(MISSING)
            self.check(column, value)
            row[name] = value
        return row

    def changed(self, row: Json, fields: Json, ops: list[str]) -> Json:
        new = dict(row)
        for column in self.columns:
            name = column["id"]
            if name in fields and name not in self.keys and not self.closed(column, ops):
                new[name] = self.meant(column, fields[name])
            self.check(column, new[name])
        return new

    def meant(self, column: Json, value: Value) -> Value:
        kind = column["column_type"]
        if kind["type"] == "Array":
            return [] if value in (None, "") else value
        if value == "" and column.get("nullable"):
            is_json = kind["inner"]["type"] == "Json"
            return None if is_json or kind["inner"].get("kind") in BLANK_IS_NULL else value
        return value

    def check(self, column: Json, value: Value) -> None:
        kind = column["column_type"]
        if value is None:
            if not column.get("nullable"):
                raise Wrong(NULL)
        elif kind["type"] == "Array":
            if not isinstance(value, list):
                raise Wrong(WRONG_TYPE)
            for item in value:
                if item is None:
                    raise Wrong(NULL)
                self.check_inner(kind["inner"], item)
        else:
            self.check_inner(kind["inner"], value)

    def check_inner(self, inner: Json, value: Value) -> None:
        wanted = JSON_TYPES[inner["type"]]
        if not is_a(value, *wanted) or (is_a(value, bool) and wanted not in ((bool,), (object,))):
            raise Wrong(WRONG_TYPE)
        if inner.get("style") == "template-content":
            if not is_a(value, dict):
                raise Wrong(WRONG_TYPE)
            if any(not isinstance(source, str) for source in value.values()):
                raise Wrong(CHECK)
        if inner["type"] == "Integer" and abs(value) > 1 << 62:
            raise Wrong(CHECK)
        if inner["type"] == "BitFlag" and value not in range(sum(inner["values"].values()) + 1):
            raise Wrong(CHECK)
        if inner["type"] == "String" and not self.fits(inner, value):
            raise Wrong(CHECK)

    def fits(self, inner: Json, value: str) -> bool:
        kind = inner.get("kind", "normal")
        if "\0" in value or not inner.get("min_length", 0) <= len(value) <= inner.get("max_length", 9999):
            return False
        if inner.get("allowed_values") and value not in inner["allowed_values"]:
            return False
        if kind in ("role", "channel", "user"):
            return bool(re.fullmatch("[1-9][0-9]{0,18}", value))
        if kind == "uuid":
            return bool(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value))
        if kind == "timestamp":
            return bool(re.fullmatch("[0-9]{4}-[01][0-9]-[0-3][0-9]T.*Z", value))
        return True

    def place(self, fields: Json, ops: list[str]) -> int | None:
        column = next(c for c in self.definition["columns"] if c["id"] == self.index_by)
        value = None if self.closed(column, ops) else fields.get(self.index_by)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise Wrong(WRONG_TYPE)
        if abs(value) > 1 << 62:
            raise Wrong(CHECK)
        return value if value > 0 else None

    def references(self, before: Json, after: Json, user: int, *, moved: bool = False) -> None:
        """Refuse roles and channels that are not there, and then roles that are too high."""
        old, new = self.named(before), self.named(after)
        if any(each not in HEIGHTS for name, each in new["role"] - old["role"]):
            raise Wrong(CHECK)
        if any(each not in CHANNELS for name, each in new["channel"] - old["channel"]):
            raise Wrong(CHECK)
        self.reach(
            {each for _, each in old["role"] ^ new["role"]} | ({e for _, e in old["role"]} if moved else set()), user
        )

    def reach(self, roles: set[int], user: int) -> None:
        if user != OWNER and any(HEIGHTS[role] >= TOPS[user] for role in roles):
            raise Wrong("Generic")

    def named(self, row: Json) -> dict[str, set[tuple[str, int]]]:
        found: dict[str, set[tuple[str, int]]] = {"role": set(), "channel": set()}
        for column in self.columns:
            kind = column["column_type"]["inner"].get("kind")
            value = row.get(column["id"])
            items = value if isinstance(value, list) else [value] if value is not None else []
            if kind in found:
                found[kind] |= {(column["id"], int(item)) for item in items}
        return found

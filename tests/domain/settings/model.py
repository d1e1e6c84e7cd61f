"""What a setting does, told once more and as simply as it can be: rows in a list, and what happened in another.

It knows the definition as JSON and none of the product's code, so that the two can be held against each other.
"""

import msgspec

from tests.domain.settings.community import Json, Value
from tests.domain.settings.model_columns import CHECK, MISSING, NULL, TOPS, WRONG_TYPE, Columns, Wrong, is_a


class Said(msgspec.Struct, frozen=True):
    """What happened: to the row of this key, and how."""

    what: str
    key: Json
    before: Json
    after: Json
    index: int | None = None


class Model(Columns):
    """One setting of one guild."""

    def __init__(self, definition: Json, policy: Json) -> None:
        super().__init__(definition, policy)
        self.rows: list[Json] = []
        self.past: dict[str, list[Json | None]] = {}
        self.stood: dict[str, list[int]] = {}
        self.said: list[Said] = []

    def do(self, operation: str, fields: Value, user: int, now: str) -> Value:
        """Return what is answered, or raise Wrong."""
        own = self.policy["custom"].get(operation)
        kind = own or operation
        if operation not in [*self.definition["operations"], "Reorder"]:
            raise Wrong("OperationNotSupported")
        self.allow(user)
        if not is_a(fields, list if operation == "Reorder" else dict):
            raise Wrong(MISSING)
        if kind == "Reorder":
            return self.reorder(fields, user)
        if kind == "emit":
            return self.emit(operation, fields, user)
        key = self.key(fields)
        row = self.find(key)
        if kind == "Create" or (kind == "upsert" and row is None):
            ops = ["Create", operation]
            self.create(key, self.new(fields, ops, user, now), self.place(fields, ops), user)
            return {"type": "Create"} if own else {}
        if row is None:
            self.check_key(key)
            raise Wrong("RowDoesNotExist")
        if kind == "Delete":
            self.delete(row, user)
            return key
        ops = ["Update", operation]
        self.change(row, self.changed(row, fields, ops), self.place(fields, ops), ops=ops, user=user, now=now)
        return {"type": "Update"} if own else {}

    def undo(self, key: Json, back: int, user: int, now: str) -> None:
        """Bring a row back to what it was so many states ago; one that is gone also to where it stood."""
        row = self.find(key)
        states = self.past.get(str(key), [None])
        earlier, place = states[-1 - back % len(states)], self.stood.get(str(key), [0])[-1 - back % len(states)]
        self.allow(user)
        if earlier is None:
            if row is not None:
                self.delete(row, user)
            return
        earlier = {name: value for name, value in earlier.items() if not name.startswith("last_updated_")}
        if row is None:
            self.create(key, self.new(earlier, [], user, now), place, user)
        else:
            self.change(row, self.changed(row, earlier, []), None, ops=[], user=user, now=now)

    def allow(self, user: int) -> None:
        if user not in TOPS:
            raise Wrong("Generic")

    def key(self, fields: Json) -> Json:
        for name in self.keys:
            if name not in fields:
                raise Wrong(MISSING)
            if fields[name] in (None, ""):
                raise Wrong(NULL)
        return {name: fields[name] for name in self.keys}

    def check_key(self, key: Json) -> None:
        for column in self.columns:
            if column["id"] in key:
                self.check(column, key[column["id"]])

    def find(self, key: Json) -> Json | None:
        return next((r for r in self.rows if all(r[name] == value for name, value in key.items())), None)

    def create(self, key: Json, new: Json, place: int | None, user: int) -> None:
        if self.find(key):
            raise Wrong("RowExists")
        self.references({}, new, user)
        self.require_unique(new, [])
        if len(self.rows) >= self.policy["max_rows"]:
            raise Wrong("MaximumCountReached")
        self.rows.insert(place - 1 if place else len(self.rows), new)
        self.remember("created", key, {}, new, place or 0)

    def change(self, row: Json, new: Json, place: int | None, *, ops: list[str], user: int, now: str) -> None:
        moved = place is not None and min(place, len(self.rows)) != self.rows.index(row) + 1
        if new != row or moved:
            for column in self.columns:
                if column["id"].startswith("last_updated_") and (not ops or self.closed(column, ops)):
                    new = new | {column["id"]: self.automatic(column["id"], user, now)}
        self.references(row, new, user, moved=moved)
        self.require_unique(new, [row])
        names = [name for name in new if new[name] != row[name]]
        if not names and not moved:
            return
        at = self.rows.index(row)
        self.rows.remove(row)
        self.rows.insert(place - 1 if moved and place else at, new)
        before, after = {name: row[name] for name in names}, {name: new[name] for name in names}
        self.remember("updated", self.key(row), before, after, place if moved else None)

    def delete(self, row: Json, user: int) -> None:
        self.references(row, {}, user)
        self.rows.remove(row)
        self.remember("deleted", self.key(row), {}, {})

    def reorder(self, entries: list[Value], user: int) -> Json:
        if any(not isinstance(entry, dict) for entry in entries):
            raise Wrong(MISSING)
        found = [self.find(self.key(entry)) for entry in entries]
        if None in found:
            raise Wrong("RowDoesNotExist")
        places = self.places(entries)
        named = [row["name"] for row in found if row]
        if len(set(named)) != len(named) or len(set(places)) != len(places) or len(named) < len(self.rows):
            raise Wrong(CHECK)
        order = [row for _, row in sorted(zip(places, found, strict=True), key=lambda pair: pair[0]) if row]
        moved = [row for row, was in zip(order, self.rows, strict=True) if row is not was]
        self.reach({role for row in moved for _, role in self.named(row)["role"]}, user)
        if moved:
            self.rows = order
            self.said.append(Said("reordered", {}, {}, {"order": [row["name"] for row in order]}))
        return {}

    def places(self, entries: list[Json]) -> list[int]:
        """Return the places of entries, one fault after the other as they are read."""
        seen: set[str] = set()
        places: list[int] = []
        for entry in entries:
            place = entry.get(self.index_by, ...)
            if entry["name"] in seen:
                raise Wrong(CHECK)
            if place is ...:
                raise Wrong(MISSING)
            if not isinstance(place, int) or isinstance(place, bool):
                raise Wrong(WRONG_TYPE)
            if not 1 <= place <= len(entries) or place in places:
                raise Wrong(CHECK)
            seen.add(entry["name"])
            places.append(place)
        return places

    def emit(self, operation: str, fields: Json, user: int) -> str:
        passed: Json = {}
        for column in self.columns:
            inner = column["column_type"]["inner"]
            if column["id"] in fields and inner.get("kind") != "password" and not self.closed(column, [operation]):
                value = self.meant(column, fields[column["id"]])
                if value == "" and column.get("primary_key"):
                    raise Wrong(NULL)
                self.check(column, value)
                passed[column["id"]] = value
        place = self.place(fields, [operation])
        self.references({}, passed, user)
        passed |= {} if place is None else {self.index_by: place}
        self.said.append(Said("asked", {}, {}, passed))
        return "asked"

    def require_unique(self, new: Json, but: list[Json]) -> None:
        for name in self.policy["unique"]:
            if new[name] is not None and any(row[name] == new[name] for row in self.rows if row not in but):
                raise Wrong("RowExists")

    def remember(self, what: str, key: Json, before: Json, after: Json, index: int | None = None) -> None:
        self.said.append(Said(what, key, before, after, index))
        row = self.find(key)
        self.past.setdefault(str(key), [None]).append(row)
        self.stood.setdefault(str(key), [0]).append(self.rows.index(row) + 1 if row else 0)

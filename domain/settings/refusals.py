"""Why something cannot be set: the typed errors that clients of settings read."""

from domain.kernel import RefusalError
from domain.settings.events import JsonObject, JsonValue


class SettingRefusedError(RefusalError):
    """The setting is not written like that."""

    def __init__(self, kind: str, text: str, **members: JsonValue) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.members = members

    def wire(self) -> JsonObject:
        """Return the typed error."""
        return {"type": self.kind, **self.members}


class PreconditionFailedError(RefusalError):
    """The setting was changed since it was read."""


class SettingUnknownError(RefusalError):
    """No template of that name defines this setting now."""


def not_supported(setting: str, operation: str) -> SettingRefusedError:
    text = f"The operation {operation} is not supported by {setting}"
    return SettingRefusedError("OperationNotSupported", text, operation=operation)


def wrong_type(column: str, expected: str, value: object) -> SettingRefusedError:
    got = json_type(value)
    text = f"{column}: expected {expected}, got {got}"
    return SettingRefusedError("SchemaTypeValidationError", text, column=column, expected_type=expected, got_type=got)


def is_null(column: str) -> SettingRefusedError:
    return SettingRefusedError("SchemaNullValueValidationError", f"{column}: must not be null", column=column)


def failed_check(
    column: str, check: str, error: str, accepted_range: str, text: str | None = None
) -> SettingRefusedError:
    return SettingRefusedError(
        "SchemaCheckValidationError",
        f"{column}: {text or error}",
        column=column,
        check=check,
        error=error,
        accepted_range=accepted_range,
    )


def missing(field: str, src: str) -> SettingRefusedError:
    return SettingRefusedError("MissingOrInvalidField", f"{field} is missing or invalid", field=field, src=src)


def row_exists(column: str, count: int) -> SettingRefusedError:
    text = f"There is already a row with this {column}" if column else "There is already a row"
    return SettingRefusedError("RowExists", text, column_id=column, count=count)


def row_unknown(column: str) -> SettingRefusedError:
    text = f"There is no row with this {column}" if column else "There is no row"
    return SettingRefusedError("RowDoesNotExist", text, column_id=column)


def too_many(maximum: int, current: int) -> SettingRefusedError:
    text = f"There may be {maximum} rows at most, and there are {current}"
    return SettingRefusedError("MaximumCountReached", text, max=maximum, current=current)


def denied(what: str, why: str) -> SettingRefusedError:
    text = f"You do not have permission to {what}"
    return SettingRefusedError("Generic", text, message=why, src="permissions", typ="permission_denied")


def bot_lacks(permission: str, where: str) -> SettingRefusedError:
    text = f"The bot lacks {permission} in {where}"
    return SettingRefusedError("Generic", text, message=text, src="bot_permissions", typ="bot_permission_missing")


def json_type(value: object) -> str:
    """Name the JSON type of a value."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Float"
        case str():
            return "String"
        case list() | tuple():
            return "Array"
        case _:
            return "Object"

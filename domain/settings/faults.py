"""What is wrong with a definition or a policy although every value in it has the right type: pointers and texts."""

from collections.abc import Collection, Iterator, Sequence

from domain.settings.definitions import (
    REORDER,
    STANDARD_OPERATIONS,
    BitFlag,
    Column,
    Defined,
    Integer,
    Policy,
    Scalar,
    Setting,
    Widget,
)
from domain.settings.refusals import SettingRefusedError
from domain.settings.rows import default_value
from domain.settings.values import check_value

ID_CHARACTERS_MAX = 64

Fault = tuple[str, str]


def pointer(*steps: object) -> str:
    """Return a JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def faults_of_setting(setting: Setting) -> Iterator[Fault]:
    """Return what is wrong with a setting."""
    yield from faults_of_id(setting.id)
    yield from faults_of_ids([column.id for column in setting.columns], "columns")
    for n, column in enumerate(setting.columns):
        yield from _under(("columns", n), _faults_of_column(column))
    for n, operation in enumerate(setting.operations):
        if operation == REORDER:
            yield pointer("operations", n), "Reorder is not listed: index_by allows it"
        if not 1 <= len(operation) <= ID_CHARACTERS_MAX:
            yield pointer("operations", n), f"must have 1 to {ID_CHARACTERS_MAX} characters"
    yield from _faults_of_index(setting)


def faults_of_id(name: str) -> Iterator[Fault]:
    """Return what is wrong with the id of a setting or column."""
    if not 1 <= len(name) <= ID_CHARACTERS_MAX:
        yield pointer("id"), f"must have 1 to {ID_CHARACTERS_MAX} characters"


def faults_of_ids(ids: Sequence[str], *where: object) -> Iterator[Fault]:
    """Return which ids are there before."""
    for n, name in enumerate(ids):
        if name in ids[:n]:
            yield pointer(*where, n, "id"), f"{name} is there twice"


def _faults_of_column(column: Column) -> Iterator[Fault]:
    yield from faults_of_id(column.id)
    inner = column.column_type.inner
    for name, value in inner.values.items() if isinstance(inner, BitFlag) else ():
        if value < 0:
            yield pointer("column_type", "inner", "values", name), "must not be negative"
    if column.primary_key and (isinstance(column.column_type, Widget) or column.is_secret()):
        yield pointer("primary_key"), "a widget or a password is no primary key"


def _faults_of_index(setting: Setting) -> Iterator[Fault]:
    column = setting.index_column
    if setting.index_by is None:
        return
    if column is None or column.column_type != Scalar(Integer()):
        yield pointer("index_by"), "names no Integer column"
    elif column.primary_key:
        yield pointer("index_by"), "the order is no primary key"


def faults_of_policy(setting: Setting, policy: Policy, flags: Collection[str]) -> Iterator[Fault]:
    """Return what is wrong with the policy of a setting; `flags` are the permissions that there are."""
    yield from _faults_of_permissions(setting, policy, flags)
    for operation in policy.custom:
        if operation in STANDARD_OPERATIONS or operation not in setting.operations:
            yield pointer("custom", operation), "is no operation of the template's own"
    if policy.max_rows is not None and policy.max_rows < 0:
        yield pointer("max_rows"), "must not be negative"
    stored = {column.id: column for column in setting.stored_columns}
    for n, name in enumerate(policy.unique):
        if name not in stored:
            yield pointer("unique", n), f"there is no column {name}"
    for name in policy.defaults:
        yield from _under(("defaults", name), _faults_of_default(setting, policy, stored.get(name)))


def _faults_of_permissions(setting: Setting, policy: Policy, flags: Collection[str]) -> Iterator[Fault]:
    named: list[tuple[str, str | None]] = [
        (pointer("view_permission"), policy.view_permission),
        (pointer("write_permission"), policy.write_permission),
        *((pointer("operation_permissions", each), flag) for each, flag in policy.operation_permissions.items()),
        *((pointer("bot_permissions", n), flag) for n, flag in enumerate(policy.bot_permissions)),
    ]
    yield from ((where, f"there is no permission {flag}") for where, flag in named if flag and flag not in flags)
    for operation in policy.operation_permissions:
        if operation not in setting.operations and (operation != REORDER or setting.index_by is None):
            yield pointer("operation_permissions", operation), f"there is no operation {operation}"


def _faults_of_default(setting: Setting, policy: Policy, column: Column | None) -> Iterator[Fault]:
    if column is None:
        yield "", "there is no such column"
    elif column.is_secret() or column.primary_key:
        yield "", "a password or a primary key has no default"
    else:
        try:
            check_value(column, default_value(Defined("", None, setting, policy), column))
        except SettingRefusedError as refusal:
            yield "", refusal.text


def _under(steps: Sequence[object], faults: Iterator[Fault]) -> Iterator[Fault]:
    return ((pointer(*steps) + where, text) for where, text in faults)

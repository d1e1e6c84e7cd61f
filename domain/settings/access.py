"""Who may see and who may write a setting, as far as its policy alone says it."""

from typing import Protocol

from domain.settings.definitions import Defined
from domain.settings.refusals import denied, not_supported


class Standing(Protocol):
    """What a member may do in the guild."""

    def holds(self, flag_name: str, /) -> bool:
        """Tell whether the member has this permission; the owner and administrators have all."""
        ...


def may_view(defined: Defined, standing: Standing | None) -> bool:
    """Tell whether somebody, None when no member, may see the rows."""
    if standing is None:
        return defined.policy.view == "open" and permission_to_view(defined) is None
    permission = permission_to_view(defined)
    return permission is None or standing.holds(permission)


def may_write(defined: Defined, standing: Standing | None, operation: str = "Update") -> bool:
    """Tell whether somebody, None when no member, may do this operation."""
    return standing is not None and standing.holds(permission_to_write(defined, operation))


def require_view(defined: Defined, standing: Standing | None) -> None:
    """Refuse with SettingRefusedError what is not supported or not allowed."""
    if not defined.supports("View"):
        raise not_supported(defined.setting.id, "View")
    if not may_view(defined, standing):
        raise denied(f"view {defined.setting.id}", _reason(standing, permission_to_view(defined)))


def require_write(defined: Defined, standing: Standing | None, operation: str) -> None:
    """Refuse with SettingRefusedError what is not allowed."""
    if not may_write(defined, standing, operation):
        word = operation if defined.custom(operation) else operation.lower()
        reason = _reason(standing, permission_to_write(defined, operation))
        raise denied(f"{word} in {defined.setting.id}", reason)


def permission_to_view(defined: Defined) -> str | None:
    """Return the permission that seeing needs beside membership."""
    policy = defined.policy
    return policy.operation_permissions.get("View", policy.view_permission)


def permission_to_write(defined: Defined, operation: str) -> str:
    """Return the permission that an operation needs."""
    policy = defined.policy
    return policy.operation_permissions.get(operation, policy.write_permission)


def _reason(standing: Standing | None, permission: str | None) -> str:
    return f"{permission} required" if standing and permission else "membership required"

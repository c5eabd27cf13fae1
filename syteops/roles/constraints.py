"""How many members may hold a role: the type of a constraint and its limit, which go together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from syteops.core.errors import Invalid
from syteops.roles.choices import ConstraintType

if TYPE_CHECKING:
    from syteops.roles.models import Role


def capacity(constraint_type: str, max_count: int | None) -> int | None:
    """How many members such a constraint lets hold a role; None for any number."""
    if constraint_type == ConstraintType.MAX_COUNT:
        return max_count
    return 1 if constraint_type == ConstraintType.UNIQUE else None


def wanted_constraint(role: "Role", values: Mapping[str, Any]) -> tuple[str, int | None]:
    """The type and limit that the role is to have. A limit alone means max_count; null ends it.

    Raises Invalid when type and limit contradict each other.
    """
    kind = values.get("constraint_type") or _implied_type(role, values)
    limit: int | None = values.get("max_count")
    if kind != ConstraintType.MAX_COUNT:
        if limit is not None:
            raise Invalid.field("max_count", "This goes with constraint_type max_count only.")
        return kind, None
    limit = limit if "max_count" in values else role.max_count
    if limit is None:
        raise Invalid.field("max_count", "Give the number of members.", "required")
    return kind, limit


def _implied_type(role: "Role", values: Mapping[str, Any]) -> str:
    if values.get("max_count") is not None:
        return ConstraintType.MAX_COUNT
    ends = "max_count" in values and role.constraint_type == ConstraintType.MAX_COUNT
    return ConstraintType.UNLIMITED if ends else role.constraint_type

"""Who may run what: one rule for the manifest, for every door and for every item of a bulk."""

from collections.abc import Iterable
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from manage_api.errors import ApiError
from manage_api.operations import Access, Operation, all_operations, operations_on
from manage_api.principals import Principal
from syteops.audit.visibility import readable_resources as readable_to_person
from syteops.core.actors import ActorKind
from syteops.core.modules import inactive_modules


def authorise(principal: Principal, operation: Operation) -> None:
    """Raise the refusal if the principal may not run the operation now."""
    # The right comes first: whoever lacks it must not learn which modules are active.
    if not principal.may(operation):
        raise principal.refusal(operation)
    if operation.module and operation.module in inactive_modules():
        raise ApiError("module_inactive", f"The module {operation.module} is not active.")


def allowed_operations(principal: Principal, operations: Iterable[Operation]) -> list[Operation]:
    """Those that `authorise` would let pass now."""
    inactive = inactive_modules()
    return [one for one in operations if principal.may(one) and one.module not in inactive]


def may_read(principal: Principal, resource: str) -> bool:
    """Whether the principal may read what `resource` holds: some of its reads, by right alone."""
    return any(one.access is Access.READ and principal.may(one) for one in operations_on(resource))


def readable_resources(principal: Principal) -> set[str] | None:
    """The resources of which changes may be told to a principal; None for all of them."""
    if principal.kind is ActorKind.PERSON:
        return readable_to_person(principal.user)
    if principal.reads_everything:
        return None
    reads = (one for one in all_operations() if one.access is Access.READ)
    return {one.resource for one in reads if principal.may(one)}


class OperationPermission(BasePermission):
    """Lets a principal run the view's operation, by scope or by Django permission.

    An address without an operation, such as the manifest, is open to every principal: it shows only
    what that principal may do. Nobody gets this far without a key or a session.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.operation is not None:
            authorise(view.principal, view.operation)
        return True

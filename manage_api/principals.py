"""Who may call: a key or a logged-in person, behind one interface."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin

from manage_api.errors import ApiError
from manage_api.operations import Operation, all_operations
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address


class Principal(Protocol):
    """What the framework asks of whoever calls."""

    kind: ActorKind

    @property
    def id(self) -> str:
        """Stable and unique within its kind."""

    @property
    def label(self) -> str:
        """For people to read."""

    def may(self, operation: Operation) -> bool:
        """Whether the caller's rights cover the operation."""

    def refusal(self, operation: Operation) -> ApiError:
        """The answer when they do not."""

    def describe(self) -> dict[str, Any]:
        """What whoami says of the caller itself."""

    def response_headers(self) -> dict[str, str]:
        """What every answer to this caller says about the caller itself."""


@dataclass(frozen=True)
class Stranger:
    """Somebody who was not let in, as the audit trail names one."""

    kind = ActorKind.CLIENT
    id = label = ""


@dataclass(frozen=True)
class Person:
    """A logged-in admin: Django's permissions decide."""

    user: Any
    kind = ActorKind.PERSON

    @property
    def id(self) -> str:
        return str(self.user.pk)

    @property
    def label(self) -> str:
        return str(self.user.get_username())

    def may(self, operation: Operation) -> bool:
        user: AbstractBaseUser | PermissionsMixin = self.user
        return bool(self.user.is_staff and user.has_perm(operation.permission))  # type: ignore[union-attr]

    def refusal(self, operation: Operation) -> ApiError:
        return ApiError(
            "permission_denied",
            f"You lack the permission {operation.permission}. Ask a site admin for it.",
            permission=operation.permission,
        )

    def describe(self) -> dict[str, Any]:
        return {
            "kind": "person",
            "id": self.id,
            "name": self.label,
            "expires_at": None,
            "replaced": False,
            "scopes": sorted({one.scope for one in all_operations() if self.may(one)}),
            "networks": [],
        }

    def response_headers(self) -> dict[str, str]:
        return {}


def actor_of(caller: Principal | Stranger, door: Channel, operation: str, request: Any) -> Actor:
    """The actor under which a caller's change is recorded."""
    return Actor(
        kind=caller.kind,
        id=caller.id,
        label=caller.label,
        door=door,
        operation=operation,
        request_id=getattr(request, "request_id", ""),
        address=client_address(request),
    )

"""Who may call: a key or a logged-in person, behind one interface."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin

from manage_api.errors import ApiError
from manage_api.operations import Operation, all_operations
from syteops.core.actors import ActorKind, Party, Person
from syteops.core.written import State


class Principal(Party, Protocol):
    """What the framework asks of whoever calls."""

    @property
    def user(self) -> Any:
        """The Django user, of a person."""

    @property
    def retries_as(self) -> str:
        """The id under which its retries are known. It outlives a rotation: nothing is done twice
        for a tool that gets another key between a call and its retry."""

    @property
    def state(self) -> State | None:
        """The database's state when the principal was found; None where that is not known."""

    @property
    def reads_everything(self) -> bool:
        """Whether nothing of the site is kept from the principal."""

    def may(self, operation: Operation) -> bool:
        """Whether the principal's rights cover the operation."""

    def refusal(self, operation: Operation) -> ApiError:
        """The answer when they do not."""

    def describe(self) -> dict[str, Any]:
        """What whoami says of the principal itself."""

    def response_headers(self) -> dict[str, str]:
        """What every answer to this principal says about the principal itself."""


@dataclass(frozen=True)
class Stranger:
    """Somebody who was not let in, as the audit trail names one."""

    id: str = ""
    kind = ActorKind.CLIENT
    label = ""


@dataclass(frozen=True)
class PersonPrincipal(Person):
    """A logged-in admin: Django's permissions decide."""

    state = None

    @property
    def retries_as(self) -> str:
        return self.id

    @property
    def reads_everything(self) -> bool:
        return bool(self.user.is_superuser)

    def may(self, operation: Operation) -> bool:
        # The API is part of the admin: a person who may not enter that may not enter this.
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

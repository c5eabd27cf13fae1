"""What can be wrong with a request to change something, in terms that know no HTTP.

Services raise these; each door (API, admin, command) shows them in its own way. `code` is stable
and public; `detail` says in plain words what is wrong and what to do next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.core.exceptions import ValidationError


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field. `path` leads into the input: ("action_items", 0, "text")."""

    path: tuple[str | int, ...]
    code: str
    detail: str

    def within(self, *path: str | int) -> "FieldError":
        """The same in the part of the input that `path` leads to."""
        return replace(self, path=(*path, *self.path))


class DomainError(Exception):
    """A change that is refused. `extra` is added to the answer (such as who holds a role)."""

    code: ClassVar[str] = "conflict"
    tells_of: str | None = None
    """The resource whose values the refusal tells, "" for that of the call; None: of no values.

    Who may not read it is told less.
    """

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Conflict(DomainError):
    """The change contradicts what is stored, and says so."""

    tells_of: str | None = ""


class RoleFull(DomainError):
    """The role takes no further member."""

    code = "role_full"
    tells_of = "users"


class LimitReached(DomainError):
    """A limit of the site (a setting or a budget) is used up."""

    code = "limit_reached"


class Protected(DomainError):
    """The object, or this property of it, never changes this way."""

    code = "protected"


class Forbidden(DomainError):
    """Whoever asks has not the right to it; the detail names what is missing."""

    code = "permission_denied"


class Unavailable(DomainError):
    """What the change needs is away, or not as it should be. Later it may work."""

    code = "unavailable"


class NotFound(DomainError):
    """No such object, or it was deleted."""

    code = "not_found"


class ModuleInactive(DomainError):
    """The object belongs to a module that is not active."""

    code = "module_inactive"


class Invalid(DomainError):
    """The values are wrong; `errors` names each field and its cure."""

    code = "validation_error"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("Some values are not right. Nothing was stored.")
        self.errors = list(errors)

    @classmethod
    def field(cls, name: str, detail: str, code: str = "invalid") -> "Invalid":
        """One wrong field."""
        return cls([FieldError((name,), code, detail)])


def field_errors(error: ValidationError) -> list[FieldError]:
    """A Django ValidationError as our field errors."""
    found = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    return [
        FieldError(
            () if name == "__all__" else (name,),
            _CODES.get(one.code or "", "invalid"),
            text,
        )
        for name, errors in found.items()
        for one in errors
        for text in one.messages
    ]


_CODES = {
    "required": "required",
    "blank": "required",
    "null": "required",
    "max_length": "too_long",
    "min_value": "out_of_range",
    "max_value": "out_of_range",
    "invalid_choice": "invalid_choice",
    "not_found": "not_found",
    "unique": "not_unique",
    "unique_together": "not_unique",
}

"""The single declaration of an operation, and the registry of all of them.

`@operation` marks a resource's method, `@register` turns the marks into `Operation`s. Routes,
dispatch, manifest, scopes, OpenAPI, audit names and the operations page are read from here.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import isfunction
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from rest_framework.serializers import BaseSerializer

from syteops.core.modules import contribution, module_of

if TYPE_CHECKING:
    from manage_api.calls import Call
    from manage_api.resources import Resource

SerializerClass = type[BaseSerializer[Any]]
Handler = Callable[[Any, "Call"], Any]


class Access(StrEnum):
    """What a scope allows on its resource. None of them includes another."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    SECRETS = "secrets"


@dataclass(frozen=True)
class Operation:
    """One thing a caller can do, as every face of the API shows it."""

    resource: str
    action: str
    access: Access
    method: str
    path: str
    summary: str
    description: str
    resource_class: "type[Resource]"
    handler: Handler = field(repr=False)
    input: SerializerClass | None
    output: SerializerClass
    status: int
    destructive: bool
    permission: str
    module: str
    documents: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The dispatch name, such as `crm.update`."""
        return f"{self.resource}.{self.action}"

    @property
    def scope(self) -> str:
        """The one scope a key needs for it."""
        return f"{self.resource}:{self.access}"

    @property
    def writes(self) -> bool:
        """Whether it may change stored state."""
        return self.access is not Access.READ

    @property
    def takes_body(self) -> bool:
        """Whether REST reads its input from the body; from the query string otherwise."""
        return self.method in ("POST", "PUT", "PATCH")

    @property
    def partial(self) -> bool:
        """Whether left-out fields keep their value."""
        return self.method == "PATCH"

    @property
    def path_params(self) -> list[str]:
        """The names in the path's braces."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def secret_keys(self) -> list[str]:
        """The input fields that carry secrets."""
        fields = self.input().fields if self.input else {}  # type: ignore[attr-defined]
        return [name for name, one in fields.items() if getattr(one, "secret", False)]


class Mark(NamedTuple):
    """What `@operation` leaves on a method until its class is registered."""

    handler: Handler
    summary: str
    description: str
    output: SerializerClass
    input: SerializerClass | None
    access: Access | None
    method: str | None
    path: str | None
    destructive: bool | None
    permission: str | None
    documents: tuple[str, ...]


class Standard(NamedTuple):
    """The shape that a usual action name implies."""

    access: Access
    method: str
    on_item: bool
    status: int
    permission: str


STANDARD = {
    "list": Standard(Access.READ, "GET", False, 200, "view"),
    "get": Standard(Access.READ, "GET", True, 200, "view"),
    "create": Standard(Access.WRITE, "POST", False, 201, "add"),
    "update": Standard(Access.WRITE, "PATCH", True, 200, "change"),
    "delete": Standard(Access.DELETE, "DELETE", True, 200, "delete"),
}
PERMISSION = {
    Access.READ: "view",
    Access.WRITE: "change",
    Access.DELETE: "delete",
    Access.SECRETS: "set_secrets",
}

_registry: dict[tuple[str, str], Operation] = {}


def operation(  # noqa: PLR0913 - it declares all that an operation has
    summary: str,
    *,
    output: SerializerClass,
    input: SerializerClass | None = None,
    access: Access | None = None,
    method: str | None = None,
    path: str | None = None,
    destructive: bool | None = None,
    permission: str | None = None,
    documents: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare a resource's method as an operation; its name is the action.

    `list`, `get`, `create`, `update` and `delete` know their method, path and access. Any other
    names `method` and `path` (relative to the collection). Whatever deletes is destructive.
    `permission` is the Django permission's verb for a logged-in person, where it is not implied
    by the access. `documents` are the media types beside JSON in which a read may answer, with a
    `Document`. The docstring is the description shown to developers.
    """

    def mark(handler: Handler) -> Handler:
        description = re.sub(r"\s+", " ", (handler.__doc__ or "").strip())
        handler.mark = Mark(  # type: ignore[attr-defined]
            handler, summary, description, output, input, access, method, path, destructive,
            permission, documents,
        )  # fmt: skip
        return handler

    return mark


def register(cls: "type[Resource]") -> "type[Resource]":
    """Enter a resource's operations into the registry. Raises ImproperlyConfigured for a gap."""
    marks = {name: one.mark for name, one in vars(cls).items() if hasattr(one, "mark")}
    if not marks:
        raise ImproperlyConfigured(f"{cls.__name__} declares no operation.")
    _refuse_undeclared(cls, marks)
    for action, mark in marks.items():
        enter(_build(cls, action, mark))
    return cls


def enter(one: Operation) -> None:
    """Add an operation to the registry. Raises ImproperlyConfigured if its name is taken."""
    if _registry.setdefault((one.resource, one.action), one) is not one:
        raise ImproperlyConfigured(f"Operation {one.name} is declared twice.")


def _build(cls: "type[Resource]", action: str, mark: Mark) -> Operation:
    standard = STANDARD.get(action)
    method = mark.method or (standard and standard.method)
    if not method or (mark.path is None and not standard):
        raise ImproperlyConfigured(f"{cls.__name__}.{action} needs a method and a path.")
    access = mark.access or (standard.access if standard else _access_of(method))
    destructive = access is Access.DELETE if mark.destructive is None else mark.destructive
    if destructive and not hasattr(cls, f"{action}_impact"):
        raise ImproperlyConfigured(f"{cls.__name__} needs {action}_impact().")
    permission = mark.permission or (standard.permission if standard else PERMISSION[access])
    return Operation(
        resource=cls.resource,
        action=action,
        access=access,
        method=method,
        path=_path(cls, mark.path, standard),
        summary=mark.summary,
        description=mark.description,
        resource_class=cls,
        handler=mark.handler,
        input=mark.input,
        output=mark.output,
        status=standard.status if standard else 200,
        destructive=destructive,
        permission=cls.permission_name(permission),
        module=module_of(cls.__module__),
        documents=mark.documents,
    )


def _path(cls: "type[Resource]", path: str | None, standard: Standard | None) -> str:
    if path is None and standard:
        path = f"{{{cls.lookup}}}" if standard.on_item else ""
    return "/" + "/".join(part for part in (cls.collection, path) if part)


def _access_of(method: str) -> Access:
    return {"GET": Access.READ, "DELETE": Access.DELETE}.get(method, Access.WRITE)


def _refuse_undeclared(cls: type, marks: Iterable[str]) -> None:
    """A public method without a declaration would look like an action and have no scope."""
    known = {f"{action}_impact" for action in marks} | set(marks)
    for name, one in vars(cls).items():
        if isfunction(one) and not name.startswith("_") and name not in known:
            raise ImproperlyConfigured(f"{cls.__name__}.{name} declares no operation.")


def all_operations() -> list[Operation]:
    """Every operation, in the order of declaration."""
    return list(_registry.values())


@contribution("operations")
def operations_of(module: str) -> list[str]:
    """The names of the operations that the module brings."""
    return [one.name for one in _registry.values() if one.module == module]


def find(resource: str, action: str) -> Operation | None:
    """The operation of that dispatch name."""
    return _registry.get((resource, action))


def why_read_only(resource: str) -> str:
    """Why a resource that exists can never be written; "" for any other."""
    found = (one.resource_class for one in _registry.values() if one.resource == resource)
    return next((cls.why_read_only for cls in found), "")


def all_scopes() -> list[str]:
    """Every scope that some operation needs, sorted."""
    return sorted({one.scope for one in _registry.values()})


def reader_of(one: Operation) -> Operation | None:
    """The read whose ETag guards a write: the GET on its path, or else its resource's `get`."""
    for other in _registry.values():
        if other.path == one.path and other.method == "GET" and other.path_params:
            return other
    get = find(one.resource, "get")
    return get if get and set(get.path_params) <= set(one.path_params) else None

"""The single declaration of an operation, and the registry of all of them.

A viewset's actions are the operations: DRF's, with `@operation` for what DRF does not know. The
registry is filled from the router's routes (`routers.py`). Routes, dispatch, manifest, scopes,
OpenAPI, audit names and the operations page are read from here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.exceptions import ImproperlyConfigured
from rest_framework.serializers import BaseSerializer

from syteops.core.modules import contribution

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet

SerializerClass = type[BaseSerializer[Any]]
Method = TypeVar("Method", bound=Callable[..., Any])


class Access(StrEnum):
    """What a scope allows on its resource. None of them includes another."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    SECRETS = "secrets"
    ERASE = "erase"


@dataclass(frozen=True)
class Operation:
    """One thing a caller can do, as every face of the API shows it.

    `endpoint` is the viewset's method that does it, `action` its name in dispatch.
    """

    resource: str
    action: str
    access: Access
    method: str
    path: str
    summary: str
    description: str
    viewset: "type[ManageViewSet]" = field(repr=False)
    endpoint: str
    input: SerializerClass | None
    output: SerializerClass
    status: int
    destructive: bool
    permission: str
    module: str
    documents: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def name(self) -> str:
        """The dispatch name, such as `crm.update`."""
        return f"{self.resource}.{self.action}"

    @cached_property
    def scope(self) -> str:
        """The one scope a key needs for it."""
        return f"{self.resource}:{self.access}"

    @cached_property
    def writes(self) -> bool:
        """Whether it may change stored state."""
        return self.access is not Access.READ

    @cached_property
    def takes_body(self) -> bool:
        """Whether REST reads its input from the body; from the query string otherwise."""
        return self.method in ("POST", "PUT", "PATCH")

    @cached_property
    def partial(self) -> bool:
        """Whether left-out fields keep their value."""
        return self.method == "PATCH"

    @cached_property
    def may_ask(self) -> bool:
        """Whether some calls of it need confirmation."""
        return self.destructive or self.endpoint in self.viewset.asks_by_effect

    @cached_property
    def path_params(self) -> list[str]:
        """The names in the path's braces."""
        return re.findall(r"{(\w+)}", self.path)

    @cached_property
    def secret_keys(self) -> list[str]:
        """The input fields that carry secrets."""
        fields = self.input().fields if self.input else {}  # type: ignore[attr-defined]
        return [name for name, one in fields.items() if getattr(one, "secret", False)]


def access_by_method(method: str) -> Access:
    """What an operation of that HTTP method does unless it declares something else."""
    return {"GET": Access.READ, "DELETE": Access.DELETE}.get(method, Access.WRITE)


Derived = Callable[[Any], "SerializerClass | None"]
"""A serializer that depends on the viewset, which it is given."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What is said of a viewset's method, and of what overrides it; it decorates that method.

    In `summary`, {a}, {name}, {all} and {many} are the model's names. By itself, `description` is
    the docstring, `output` the viewset's serializer, and `action`, the name in dispatch, the
    method's. `access` follows from the HTTP method: GET reads, DELETE
    deletes, all others write. A DELETE is destructive; whatever is has a method `<name>_impact`
    that says what would go. `permission` is the verb of the Django permission, where the access
    does not imply it. `documents` are the media types beside JSON in which a read may answer, with
    a `Document`, and the `format` of the input that stands for each. `status` is 202 where the
    answer tells of work that goes on: the viewset's `location_of` says where to ask about it.
    """

    summary: str = field(kw_only=False)
    description: str = ""
    action: str = ""
    input: SerializerClass | Derived | None = None
    output: SerializerClass | Derived | None = None
    access: Access | None = None
    destructive: bool | None = None
    permission: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def __call__(self, method: Method) -> Method:
        told = self.description or re.sub(r"\s+", " ", (method.__doc__ or "").strip())
        method.declaration = replace(self, description=told)  # type: ignore[attr-defined]
        return method


operation = Declaration


class StandardAction(NamedTuple):
    """What one of DRF's standard actions is as an operation."""

    action: str
    access: Access
    status: int
    permission: str


STANDARD_ACTIONS = {
    "list": StandardAction("list", Access.READ, 200, "view"),
    "retrieve": StandardAction("get", Access.READ, 200, "view"),
    "create": StandardAction("create", Access.WRITE, 201, "add"),
    "partial_update": StandardAction("update", Access.WRITE, 200, "change"),
    "destroy": StandardAction("delete", Access.DELETE, 200, "delete"),
}
PERMISSION = {
    Access.READ: "view",
    Access.WRITE: "change",
    Access.DELETE: "delete",
    Access.SECRETS: "set_secrets",
    Access.ERASE: "erase",
}


def permission_verb(action: str) -> str:
    """The verb of the Django permission that a usual action takes, such as `add` for `create`."""
    standard = (one.permission for one in STANDARD_ACTIONS.values() if one.action == action)
    return next(standard, PERMISSION[Access.WRITE])


# --- The registry ----------------------------------------------------------------------------

_registry: dict[tuple[str, str], Operation] = {}
_readers: dict[str, Operation] = {}
"""By its path, the read of the object that the path names."""


def register_operation(one: Operation) -> None:
    """Add an operation. Raises ImproperlyConfigured if its name is taken."""
    if _registry.setdefault((one.resource, one.action), one) is not one:
        raise ImproperlyConfigured(f"Operation {one.name} is declared twice.")
    if one.method == "GET" and one.path_params:
        _readers.setdefault(one.path, one)


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


def operations_on(resource: str) -> list[Operation]:
    """The operations of one dispatch resource."""
    return [one for one in _registry.values() if one.resource == resource]


def why_read_only(resource: str) -> str:
    """Why a resource that exists can never be written; "" for any other."""
    return next((one.viewset.why_read_only for one in operations_on(resource)), "")


def all_scopes() -> list[str]:
    """Every scope that some operation needs, sorted."""
    return sorted({one.scope for one in _registry.values()})


def reader_of(one: Operation) -> Operation | None:
    """The read whose ETag guards a write: the GET on its path, or its resource's `get`.

    Where that reads another kind of object than the write's path begins with, it is the nearest
    GET above the path.
    """
    get = find(one.resource, "get")
    if one.path not in _readers and get and one.path.startswith(get.path):
        return get
    path = one.path
    while path:
        if path in _readers:
            return _readers[path]
        path = path.rpartition("/")[0]
    return get if get and set(get.path_params) <= set(one.path_params) else None

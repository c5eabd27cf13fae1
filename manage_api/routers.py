"""From a viewset to its routes and operations: DRF's router, and the registry filled from it."""

import re
from collections.abc import Callable, Iterator
from inspect import isfunction
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from rest_framework.routers import Route, SimpleRouter

from manage_api.base import ManageViewSet
from manage_api.operations import (
    PERMISSION,
    STANDARD_ACTIONS,
    Declaration,
    Operation,
    access_by_method,
    register_operation,
)
from syteops.core.impacts import enter_impact
from syteops.core.modules import module_of

ViewSet = TypeVar("ViewSet", bound=type[ManageViewSet])


class ManageRouter(SimpleRouter):
    """DRF's router with `path()` routes and without trailing slashes.

    Actions of one path are one route, so that each method of it can be an action of its own.
    """

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)

    def get_routes(self, viewset: Any) -> list[Route]:
        merged: dict[str, Route] = {}
        for route in super().get_routes(viewset):
            known = merged.get(route.url, route)
            merged[route.url] = known._replace(mapping={**known.mapping, **route.mapping})
        return list(merged.values())

    def operations(self, prefix: str, viewset: type[ManageViewSet]) -> Iterator[Operation]:
        """The operations of a viewset's routes. Raises ImproperlyConfigured for a gap."""
        lookup = self.get_lookup_regex(viewset)
        for route in self.get_routes(viewset):
            url = route.url.format(prefix=prefix, lookup=lookup, trailing_slash="")
            path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", url)
            for method, endpoint in self.get_method_map(viewset, route.mapping).items():
                yield _operation(viewset, endpoint, method, path)


router = ManageRouter()


def register(prefix: str, *, resource: str) -> Callable[[ViewSet], ViewSet]:
    """Mark a viewset whose routes below `prefix` are the operations of `resource`.

    Raises ImproperlyConfigured for an action without a declaration: it would have no scope.
    """

    def enter_viewset(viewset: ViewSet) -> ViewSet:
        viewset.resource, viewset.prefix = resource, prefix
        # The standard operations come first.
        places = {endpoint: place for place, endpoint in enumerate(STANDARD_ACTIONS)}
        operations = router.operations(prefix, viewset)
        found = sorted(operations, key=lambda one: places.get(one.endpoint, len(places)))
        viewset.operations = {one.endpoint: one for one in found}
        for one in found:
            register_operation(one)
        for name in ("deletion_impact", "turning_off_impact"):
            if name in vars(viewset):
                enter_impact(viewset.model(), getattr(viewset, name), viewset.impact_reads)
        router.register(prefix, viewset, basename=prefix.replace("/", "-"))
        return viewset

    return enter_viewset


def _operation(viewset: type[ManageViewSet], endpoint: str, method: str, path: str) -> Operation:
    declared = _declaration(viewset, endpoint)
    standard = STANDARD_ACTIONS.get(endpoint)
    default = standard.access if standard else access_by_method(method.upper())
    access = declared.access or default
    destructive = method == "delete" if declared.destructive is None else declared.destructive
    if destructive and not hasattr(viewset, f"{endpoint}_impact"):
        raise ImproperlyConfigured(f"{viewset.__name__} needs {endpoint}_impact().")
    verb = declared.permission or (standard.permission if standard else PERMISSION[access])
    action = declared.action or (standard.action if standard else endpoint)
    summary = viewset.summaries.get(endpoint, declared.summary)
    return Operation(
        resource=viewset.resource,
        action=viewset.actions.get(endpoint, action),
        access=access,
        method=method.upper(),
        path=path,
        summary=summary.format_map(viewset.names()),
        description=viewset.descriptions.get(endpoint, declared.description),
        viewset=viewset,
        endpoint=endpoint,
        input=_serializer(declared.input, viewset),
        output=_serializer(declared.output or viewset.serializer_class, viewset),
        status=standard.status if standard else declared.status,
        destructive=destructive,
        permission=viewset.permission_name(verb),
        module=module_of(viewset.__module__),
        documents=declared.documents,
    )


def _declaration(viewset: type[ManageViewSet], endpoint: str) -> Declaration:
    """What the method, or the one that it overrides, declares. Raises ImproperlyConfigured."""
    for one in viewset.__mro__:
        declared: Declaration | None = getattr(vars(one).get(endpoint), "declaration", None)
        if declared:
            return declared
    raise ImproperlyConfigured(f"{viewset.__name__}.{endpoint} declares no operation.")


def _serializer(declared: Any, viewset: type[ManageViewSet]) -> Any:
    return declared(viewset) if isfunction(declared) else declared

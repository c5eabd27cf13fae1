"""Samples of the standard operations, made from the declarations: a new entity has them at once.

An app's own sample of the same name wins, where the derived one says too little.
"""

from typing import Any

from django.db.models import UniqueConstraint

from manage_api.openapi.document import operation_schemas
from manage_api.openapi.fields import example_of
from manage_api.operations import Operation, find
from manage_api.viewsets import EntityViewSet
from syteops.core.actors import SYSTEM
from syteops.core.entities import Numbered
from syteops.core.services import service_of
from tests.samples import Make, Sample

STANDARD = ("list", "retrieve", "create", "partial_update", "destroy")


def derived(operation: Operation) -> Make | None:
    """The sample of a standard operation of an entity; None for any other."""
    viewset = operation.viewset
    if operation.endpoint not in STANDARD or not issubclass(viewset, EntityViewSet):
        return None
    make = _MAKERS[operation.endpoint]
    return lambda: make(viewset)


def _list(viewset: type[EntityViewSet]) -> Sample:
    made(viewset)
    return Sample()


def _named(viewset: type[EntityViewSet]) -> Sample:
    return Sample(_path(viewset, made(viewset)), missing=_nowhere(viewset))


def _create(viewset: type[EntityViewSet]) -> Sample:
    params = new_values(viewset)
    again = "validation_error" if _is_unique(viewset, params) else None
    return Sample(params=params, bad={**params, next(iter(params)): ["no text"]}, again=again)


def _is_unique(viewset: type[EntityViewSet], values: dict[str, Any]) -> bool:
    """Whether there cannot be two of them with these values."""
    names = {*values, *(f"{name}_folded" for name in values)}
    unique = (one for one in viewset.model()._meta.constraints if isinstance(one, UniqueConstraint))
    return any(one.fields and names.issuperset(one.fields) for one in unique)


def _update(viewset: type[EntityViewSet]) -> Sample:
    name = next(iter(new_values(viewset)))
    path = _path(viewset, made(viewset))
    return Sample(path, {name: "Something else"}, {name: ["no text"]}, _nowhere(viewset))


_MAKERS = {
    "list": _list,
    "retrieve": _named,
    "create": _create,
    "partial_update": _update,
    "destroy": _named,
}


def new_values(viewset: type[EntityViewSet]) -> dict[str, Any]:
    """What a create needs, as the OpenAPI document gives it for an example."""
    schema, _ = operation_schemas(f"{viewset.resource}.create")
    properties = schema["properties"]
    names = schema["required"] or [next(iter(properties))]
    return {name: example_of(properties[name], name) for name in names}


def made(viewset: type[EntityViewSet]) -> Any:
    """A new object, made by the app's own service."""
    operation = find(viewset.resource, "create")
    assert operation is not None
    assert operation.input is not None
    serializer = operation.input(data=new_values(viewset))
    serializer.is_valid(raise_exception=True)
    model: Any = viewset.model()
    create = service_of(viewset.services, "create", model.noun)
    assert create is not None
    return create(SYSTEM, **serializer.validated_data)


def _path(viewset: type[EntityViewSet], instance: Any) -> dict[str, str]:
    return {viewset.lookup_name(): str(instance.public_id)}


def _nowhere(viewset: type[EntityViewSet]) -> dict[str, str]:
    missing = "099" if issubclass(viewset.model(), Numbered) else "999999"
    return {viewset.lookup_name(): missing}

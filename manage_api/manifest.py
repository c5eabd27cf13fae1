"""The manifest: exactly the operations that this caller may run now, as fully as asked for."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import get_script_prefix
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from manage_api.answers import read_answer
from manage_api.calls import Result
from manage_api.concurrency import etag_of
from manage_api.kept import kept
from manage_api.openapi.compact import ABOUT, compact_entry, schemas_of
from manage_api.openapi.document import operation_schemas
from manage_api.openapi.parts import IF_NONE_MATCH, Json
from manage_api.operations import Operation, all_operations
from manage_api.permissions import allowed_operations
from manage_api.query import query_of
from manage_api.rendering import dump
from manage_api.views import ApiView, Endpoint, address_of
from syteops.core.errors import Invalid


class HttpSerializer(serializers.Serializer[Any]):
    """Where an operation is over REST."""

    method = serializers.ChoiceField(choices=("DELETE", "GET", "PATCH", "POST", "PUT"))
    path = serializers.CharField()


class ManifestEntrySerializer(serializers.Serializer[Any]):
    """One operation that the caller may run."""

    sometimes = frozenset(
        ("route", "params", "returns", "capability", "destructive", "secret_keys", "http")
    )

    resource = serializers.CharField()
    action = serializers.CharField()
    summary = serializers.CharField()
    route = serializers.CharField(
        help_text="Method and path below `base_path`, such as `GET /crm-systems`; compact."
    )
    params = serializers.DictField(
        help_text="JSON Schema of what goes in; compact, of what goes in beside the path."
    )
    returns = serializers.DictField(help_text="JSON Schema of `data`; full.")
    capability = serializers.CharField(help_text="The scope that a key needs.")
    destructive = serializers.BooleanField(help_text="Whether it needs `confirm`.")
    secret_keys = serializers.ListField(
        child=serializers.CharField(), help_text="The params that carry secrets."
    )
    http = HttpSerializer(help_text="Method and path; full.")


class ManifestSerializer(serializers.Serializer[Any]):
    """Exactly what this caller may run now."""

    sometimes = frozenset(("about", "base_path", "schemas"))

    ok = serializers.BooleanField()
    about = serializers.CharField(help_text="How to call what is listed; compact.")
    base_path = serializers.CharField(help_text="Where every `route` begins; compact.")
    data = ManifestEntrySerializer(many=True)  # type: ignore[assignment]
    schemas = serializers.DictField(
        help_text="The JSON Schemas that `params` refer to by `#/schemas/…`; compact."
    )


def _summary(operations: Sequence[Operation]) -> Json:
    return {"data": [_summarised(one) for one in operations]}


def _summarised(one: Operation) -> Json:
    named = {"resource": one.resource, "action": one.action, "summary": one.summary}
    return {**named, "capability": one.scope}


def _compact(operations: Sequence[Operation]) -> Json:
    entries = [compact_entry(one) for one in operations]
    shared = schemas_of(entries)
    return {"about": ABOUT, "base_path": address_of(""), "data": entries, "schemas": shared}


def _full(operations: Sequence[Operation]) -> Json:
    return {"data": [_entry(one) for one in operations]}


def _entry(one: Operation) -> Json:
    """An operation as tools of the older product know it."""
    params, returns = operation_schemas(one.name)
    return {
        **_summarised(one),
        "params": params,
        "returns": returns,
        "destructive": one.destructive,
        "secret_keys": one.secret_keys,
        "http": {"method": one.method, "path": address_of(one.path)},
    }


_FORMS: dict[str, Callable[[Sequence[Operation]], Json]] = {
    "summary": _summary,
    "compact": _compact,
    "full": _full,
}

# Addresses are read after every app's operations.
_RESOURCES = sorted({one.resource for one in all_operations()})
_QUERY = (
    OpenApiParameter(
        "resource",
        {"type": "string", "pattern": "^({0})(,({0}))*$".format("|".join(_RESOURCES))},
        description="Only operations of these; several with commas between.",
    ),
    OpenApiParameter(
        "fields",
        str,
        enum=[*_FORMS],
        description="How much of each operation: what it is; what a call needs, in few words "
        "(if left out); or everything, with complete schemas of what goes in and comes out.",
    ),
)


class ManifestView(ApiView):
    """What this caller may run, with the schemas of what goes in and comes out."""

    endpoints = {
        "GET": Endpoint(
            ManifestSerializer,
            parameters=(*_QUERY, IF_NONE_MATCH),
            headers=("ETagOfRead",),
            errors=(400,),
        )
    }
    fields = "compact"
    """How much of each operation is shown unless the call says so."""

    def get(self, request: Request) -> HttpResponse:
        query = query_of(request)
        resources = _resources(query.get("resource"))
        show = _form(fields := query.get("fields", self.fields))

        def answer() -> Result:
            allowed = allowed_operations(self.principal, all_operations())
            body = dump({"ok": True, **show([o for o in allowed if o.resource in resources])})
            return Result(None, body=body, etag=etag_of(body))

        call = "manifest", fields, resources, get_script_prefix()
        return read_answer(request, kept(self.principal, call, answer))


def _form(name: str) -> Callable[[Sequence[Operation]], Json]:
    if name not in _FORMS:
        detail = f"Send one of these: {', '.join(_FORMS)}."
        raise Invalid.field("fields", detail, "invalid_choice")
    return _FORMS[name]


def _resources(text: str | None) -> frozenset[str]:
    """The resources named; all of them if there is no text. Raises Invalid for an unknown one."""
    named = frozenset(_RESOURCES if text is None else text.split(","))
    if unknown := named.difference(_RESOURCES):
        raise Invalid.field("resource", f"There is no resource {min(unknown)[:50]!r}.")
    return named

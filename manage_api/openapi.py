"""The OpenAPI 3.1 document, derived from the operations by drf-spectacular.

The manifest reads its parameter and return schemas from this same document (`operation_schemas`),
so the two cannot disagree.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from inspect import getdoc
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from manage_api.errors import CODES, FIELD_CODES, PROBLEM_TYPE
from manage_api.operations import Operation
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from manage_api.viewsets import API_ROOT, ApiView
from manage_api.whoami import NowhereView

SECURITY = [{"keyHeader": []}, {"bearerKey": []}, {"session": []}]


class FieldProblemSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON Pointer (RFC 6901) into the body.")
    code = serializers.ChoiceField(choices=sorted(FIELD_CODES))
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=sorted(CODES))
    request_id = serializers.CharField()
    errors = FieldProblemSerializer(many=True)


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "manage_api.authentication.KeyAuthentication"
    name = ["keyHeader", "bearerKey"]  # noqa: RUF012 - the extension's own form

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer", "bearerFormat": "som_ key"},
        ]


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "manage_api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class ManageSchema(AutoSchema):
    """Describes an operation from its declaration, and the fixed addresses from `DESCRIBED`."""

    @property
    def operation(self) -> Operation | None:
        operations: Mapping[str, Operation] = getattr(self.view, "operations", {})
        return operations.get(self.method.lower())

    def get_operation_id(self) -> str:
        if self.operation:
            return self.operation.name.replace(".", "_")
        return f"api_{self.path.rpartition('/')[2] or 'root'}_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        return [self.operation.resource if self.operation else "api"]

    def get_summary(self) -> str:
        if self.operation:
            return self.operation.summary
        return (self.view.__doc__ or "").strip().splitlines()[0].rstrip(".")

    def get_description(self) -> str:
        one = self.operation
        if one is None:
            return ""
        notes = [one.description, f"Scope: `{one.scope}`."]
        if one.destructive:
            notes.append("Destructive: needs `confirm=true`; without it the answer is 428.")
        return "\n\n".join(note for note in notes if note)

    def get_override_parameters(self) -> list[Any]:
        one = self.operation
        if one is None:
            return list(getattr(self.view, "schema_parameters", {}).get(self.method, []))
        query = [one.input] if one.input and not one.takes_body else []
        path = [OpenApiParameter(name, str, "path", required=True) for name in one.path_params]
        return [
            *path,
            *query,
            *(_write_parameters(one) if one.writes else _READ_PARAMETERS),
        ]

    def get_filter_backends(self) -> list[Any]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_request_serializer(self) -> Any:
        one = self.operation
        if one is None:
            return getattr(self.view, "schema_request", {}).get(self.method)
        return one.input if one.takes_body else None

    def get_response_serializers(self) -> Any:
        one = self.operation
        if one is None:
            shown = getattr(self.view, "schema_response", {}).get(self.method, _AnySerializer)
            codes = getattr(self.view, "schema_errors", {}).get(self.method, (401, 403, 406))
            return {200: shown, **_problems(codes)}
        return {**_success(one), **_problems(_error_statuses(one))}

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        one = self.operation
        if body and one and (one.input is None or not _required_fields(one)):
            body["required"] = False
        return body


class _AnySerializer(serializers.Serializer[Any]):
    """A JSON object."""


def _required_fields(one: Operation) -> list[str]:
    fields = one.input().fields if one.input else {}  # type: ignore[attr-defined]
    return [name for name, f in fields.items() if f.required and not one.partial]


_READ_PARAMETERS = [
    OpenApiParameter("If-None-Match", str, "header", description="Answer 304 if this is current."),
]


def _write_parameters(one: Operation) -> Iterable[OpenApiParameter]:
    if one.destructive:
        yield OpenApiParameter("confirm", bool, "query", description="Consent to what would go.")
    yield OpenApiParameter("dry_run", bool, "query", description="Only say what would happen.")
    yield OpenApiParameter("Idempotency-Key", str, "header", description="Makes retries safe.")
    yield OpenApiParameter("If-Match", str, "header", description="Only if this ETag is current.")


class DryRunSerializer(serializers.Serializer[Any]):
    """What a write would have done."""

    dry_run = serializers.BooleanField()
    changed = serializers.BooleanField()
    data = serializers.DictField()
    changes = serializers.ListField(child=serializers.DictField())
    impact = serializers.DictField(allow_null=True)


def _success(one: Operation) -> dict[Any, Any]:
    if not one.writes:
        return {200: one.output, 304: None}
    return {one.status: one.output} | ({200: DryRunSerializer} if one.status != 200 else {})


def _error_statuses(one: Operation) -> list[int]:
    statuses = {400, 401, 403, 406}
    if one.path_params or one.module:
        statuses.add(404)
    if one.writes:
        statuses |= {404, 409, 412, 422}
    if one.takes_body:
        statuses |= {413, 415}
    if one.destructive:
        statuses.add(428)
    return sorted(statuses)


def _problems(statuses: Iterable[int]) -> dict[Any, Any]:
    return {(status, PROBLEM_TYPE): ProblemSerializer for status in (*statuses, 405, 429, 500)}


def only_manage_api(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """The document is about the Manage API, and nothing else that has a view."""
    return [
        one
        for one in endpoints
        if one[0].startswith(API_ROOT) and issubclass(one[3].cls, ApiView)
        and not issubclass(one[3].cls, NowhereView)
    ]  # fmt: skip


def finish_document(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """What the generator cannot know: scopes per operation, and dry runs that answer 200."""
    from manage_api.operations import all_operations

    inherited = {getdoc(one) for one in (StrictSerializer, StrictModelSerializer)}
    for component in result["components"]["schemas"].values():
        if component.get("description") in inherited:
            del component["description"]
    by_id = {one.name.replace(".", "_"): one for one in all_operations()}
    for item in result["paths"].values():
        for described in item.values():
            described["security"] = SECURITY
            one = by_id.get(described["operationId"])
            if one is None:
                continue
            described["x-scope"] = one.scope
            described["x-destructive"] = one.destructive
            if one.writes and one.status == 200:
                _also_dry_run(described)
    return result


def _also_dry_run(described: dict[str, Any]) -> None:
    media = described["responses"]["200"]["content"]["application/json"]
    dry_run = {"$ref": "#/components/schemas/DryRun"}
    media["schema"] = {"oneOf": [media["schema"], dry_run]}


@cache
def document() -> dict[str, Any]:
    """The whole document; built once per process."""
    built: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return built


@cache
def operation_schemas(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON Schemas of an operation's params (path, query and body in one) and of its data."""
    described = _described(name)
    params: dict[str, Any] = {}
    required: list[str] = []
    for one in described.get("parameters", []):
        if one["in"] == "header" or one["name"] in ("confirm", "dry_run"):
            continue
        shown = {"description": one["description"]} if "description" in one else {}
        params[one["name"]] = {**inlined(one["schema"]), **shown}
        required += [one["name"]] if one.get("required") else []
    body = described.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        schema = inlined(body["schema"])
        params |= schema.get("properties", {})
        required += schema.get("required", [])
    shape = {"type": "object", "properties": params, "additionalProperties": False}
    return {**shape, "required": required}, _returned(described)


def _described(name: str) -> dict[str, Any]:
    wanted = name.replace(".", "_")
    for item in document()["paths"].values():
        for described in item.values():
            if described["operationId"] == wanted:
                return described  # type: ignore[no-any-return]
    raise LookupError(name)


def _returned(described: dict[str, Any]) -> dict[str, Any]:
    responses = described["responses"]
    success = responses.get("201") or responses["200"]
    schema = success["content"]["application/json"]["schema"]
    return inlined(schema["oneOf"][0] if "oneOf" in schema else schema)  # type: ignore[no-any-return]


def inlined(schema: Any) -> Any:
    """`schema` with every reference replaced by what it refers to."""
    if isinstance(schema, list):
        return [inlined(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return {**inlined(target), **inlined(rest)}
    return {name: inlined(value) for name, value in schema.items()}

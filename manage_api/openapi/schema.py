"""How drf-spectacular describes an operation: from its declaration."""

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from manage_api.openapi import parts
from manage_api.openapi.fields import say_exactly
from manage_api.openapi.parts import JSON_TYPE, Json, ref
from manage_api.operations import Operation, reader_of
from manage_api.serializers import NoInput, StrictSerializer
from manage_api.views import Endpoint
from syteops.core.actors import Channel


class KeyScheme(OpenApiAuthenticationExtension):
    """A key in one of the two headers."""

    target_class = "manage_api.keys.authentication.KeyAuthentication"
    name = ["keyHeader", "bearerKey"]

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        about = {"description": "A key that a site admin generated: `som_…`."}
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key", **about},
            {"type": "http", "scheme": "bearer", "bearerFormat": "som_ key", **about},
        ]


class SessionScheme(OpenApiAuthenticationExtension):
    """The admin's own cookie."""

    target_class = "manage_api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        about = "A logged-in admin's session. Writes need a CSRF token in `X-CSRFToken`."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": about}


class NoScheme(OpenApiAuthenticationExtension):
    """Rejecting whoever is left is no way to get in."""

    target_class = "manage_api.keys.authentication.RejectAnonymous"
    name: list[str] = []

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        return None

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return []


class ManageSchema(AutoSchema):
    """Describes an operation from its declaration, and the fixed addresses from their views."""

    view: Any

    @property
    def operation(self) -> Operation | None:
        operations: Mapping[str, Operation] = getattr(self.view, "operations", {})
        return operations.get(getattr(self.view, "action", ""))

    @property
    def _fixed(self) -> Endpoint:
        endpoint: Endpoint = self.view.endpoints[self.method]
        return endpoint

    # --- Names and words ---

    def get_operation_id(self) -> str:
        if self.operation:
            return parts.operation_id(self.operation)
        return f"api_{self.path.rpartition('/')[2] or 'root'}_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        return [self.operation.resource if self.operation else "api"]

    def get_summary(self) -> str:
        if self.operation:
            return self.operation.summary
        return (self.view.__doc__ or "").strip().splitlines()[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        one = self.operation
        if one is None:
            return ""
        notes = [one.description, f"Scope: `{one.scope}`."]
        if one.destructive:
            notes.append("Destructive: needs `confirm=true`; without it the answer is 428.")
        return "\n\n".join(note for note in notes if note)

    def get_extensions(self) -> Json:
        one = self.operation
        return {"x-scope": one.scope, "x-destructive": one.destructive} if one else {}

    # --- What goes in ---

    def get_filter_backends(self) -> list[Any]:
        return []

    def _resolve_path_parameters(self, variables: Any) -> list[Any]:
        return []  # `get_override_parameters` has them, from the operation

    def get_override_parameters(self) -> list[Any]:
        one = self.operation
        if one is None:
            return list(self._fixed.parameters)
        query = [one.input] if one.input and not one.takes_body else []
        path = [_path_parameter(one, name) for name in one.path_params]
        return [*path, *query, *(_write_parameters(one) if one.writes else [parts.IF_NONE_MATCH])]

    def get_request_serializer(self) -> Any:
        one = self.operation
        if one is None:
            return self._fixed.request
        return one.input if one.takes_body else None

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)
        one = self.operation
        if body and one:
            body["required"] = _needs_body(one)
        return body

    # --- What comes out ---

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_response_serializers(self) -> Any:
        one = self.operation
        if one is None:
            return {200: self._fixed.response}
        documents = {(200, media_type): OpenApiTypes.STR for media_type in one.documents}
        return {one.status: one.output, **documents}

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        described = super().get_operation(*args, **kwargs)
        if described is not None:
            described["security"] = parts.SECURITY
            answers = {**self._successes(described["responses"]), **self._failures()}
            described["responses"] = dict(sorted(answers.items()))
        return described

    def _successes(self, responses: Json) -> Json:
        one = self.operation
        if one is None:
            headers = parts.headers(*self._fixed.headers)
            return {status: {**one, "headers": headers} for status, one in responses.items()}
        return dict(_write_answers(one, responses) if one.writes else _read_answers(responses))

    def _failures(self) -> Json:
        statuses = parts.error_statuses(self.operation)
        if self.operation is None:
            statuses = [*statuses, *self._fixed.errors]
        base = "DispatchProblem" if self.view.channel is Channel.DISPATCH else "Problem"
        return {str(status): ref("responses", f"{base}{status}") for status in statuses}

    # --- Components ---

    def _insert_field_validators(self, field: Any, schema: Json) -> None:
        super()._insert_field_validators(field, schema)
        if schema.get("oneOf", [{}])[-1] == {"type": "string", "maxLength": 0}:
            # "" may fit the other half as well: whether a format counts is the reader's choice.
            schema["anyOf"] = schema.pop("oneOf")

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: Any = False
    ) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if schema and schema.get("oneOf") == [{}, {"type": "null"}]:
            del schema["oneOf"]  # anything includes null
        return schema

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Json:
        """Strict input takes nothing else; answers carry every field but those of `sometimes`."""
        serializer = force_instance(serializer)
        schema: Json = super()._map_basic_serializer(serializer, direction)
        properties = schema.setdefault("properties", {})
        if direction == "response":
            schema["required"] = sorted({*properties} - {*getattr(serializer, "sometimes", ())})
        else:
            for name, shown in properties.items():
                say_exactly(serializer.fields[name], shown)
            if isinstance(serializer, StrictSerializer):
                schema["additionalProperties"] = False
                if serializer.needs_one:
                    schema["minProperties"] = 1
        for name, value in getattr(serializer, "examples", {}).items():
            properties.get(name, {})["examples"] = [value]
        return schema


def _path_parameter(one: Operation, name: str) -> OpenApiParameter:
    told = one.viewset.path_param(name)
    return OpenApiParameter(
        name, str, "path", required=True, description=told.description, pattern=told.pattern
    )


def _needs_body(one: Operation) -> bool:
    """Whether an empty body, which counts as an empty object, is refused."""
    serializer: Any = one.input(partial=one.partial) if one.input else NoInput()
    required = any(f.required for f in serializer.fields.values()) and not serializer.partial
    return required or getattr(serializer, "needs_one", False)


def _write_parameters(one: Operation) -> Iterator[OpenApiParameter]:
    if one.may_ask:
        yield OpenApiParameter("confirm", bool, "query", description="Consent to what would go.")
    yield OpenApiParameter("dry_run", bool, "query", description="Only say what would happen.")
    yield parts.IDEMPOTENCY_KEY
    if reader_of(one):
        yield parts.IF_MATCH


def _read_answers(responses: Json) -> Iterator[tuple[str, Json]]:
    tagged = parts.headers("ETagOfRead")
    yield "200", {**responses["200"], "headers": tagged}
    yield "304", {"description": "What you have is current.", "headers": tagged}


def _write_answers(one: Operation, responses: Json) -> Iterator[tuple[str, Json]]:
    content = responses[str(one.status)]["content"][JSON_TYPE]
    dry_run = parts.dry_run_of(content["schema"])
    names = ("SyteOps-Changed", "Idempotent-Replayed", "ETag")
    if one.status == 200:
        schema = {"anyOf": [content["schema"], dry_run]}
        yield "200", _answer("Done, or what a dry run would do.", schema, *names)
        return
    created = _answer("Created.", content["schema"], *names, "Location")
    yield str(one.status), {**created, "links": parts.links_from(one)}
    yield "200", _answer("What a dry run would do.", dry_run, "SyteOps-Changed")


def _answer(description: str, schema: Json, *headers: str) -> Json:
    content = {JSON_TYPE: {"schema": schema}}
    return {"description": description, "headers": parts.headers(*headers), "content": content}

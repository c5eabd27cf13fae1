"""How drf-spectacular describes an operation: from its declaration."""

from collections.abc import Iterator, Mapping
from inspect import getdoc
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from manage_api.errors import JSON_TYPE, PROBLEM_TYPE
from manage_api.openapi import parts, tags
from manage_api.openapi.fields import say_exactly, say_simply
from manage_api.openapi.impacts import confirmation_name
from manage_api.openapi.parts import COMMON_ERRORS, DRY_RUN_SUFFIX, Json, ref
from manage_api.operations import Operation, all_operations, reader_of
from manage_api.serializers import NoInput, StrictSerializer
from manage_api.views import Endpoint
from syteops.core.actors import Channel
from syteops.lib.paths import API_ROOT, is_dry_run


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


_INPUTS = {"create": "Create", "partial_update": "Update"}


class ManageSchema(AutoSchema):
    """Describes an operation from its declaration, and the fixed addresses from their views."""

    view: Any

    @property
    def operation(self) -> Operation | None:
        operations: Mapping[str, Operation] = getattr(self.view, "operations", {})
        return operations.get(getattr(self.view, "action", ""))

    @property
    def _only_tries(self) -> bool:
        """Whether this is the address of the operation's dry run."""
        return is_dry_run(self.path)

    @property
    def _fixed(self) -> Endpoint:
        endpoint: Endpoint = self.view.endpoints[self.method]
        return endpoint

    # --- Names and words ---

    def get_operation_id(self) -> str:
        if one := self.operation:
            return parts.dry_run_id(one) if self._only_tries else parts.operation_id(one)
        return f"api_{self.path.rpartition('/')[2] or 'root'}_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        if self._only_tries:
            return [tags.DRY_RUNS.name]
        return [tags.of_operation(self.operation).name]

    def get_summary(self) -> str:
        if one := self.operation:
            return f"Dry run: {one.summary}" if self._only_tries else one.summary
        return (self.view.__doc__ or "").strip().splitlines()[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        one = self.operation
        if one is None:
            return getdoc(self.view) or ""
        scope = f"Scope: `{one.scope}`."
        if self._only_tries:
            write = f"`{one.method} {API_ROOT}{one.path}`"
            return f"What {write} would do; nothing is stored.\n\n{scope}"
        notes = [one.description, scope]
        if one.writes:
            notes.append(f"`dry_run=true` answers what `{parts.dry_run_id(one)}` does.")
        if one.destructive:
            notes.append("Destructive: needs `confirm=true`; without it the answer is 428.")
        return "\n\n".join(note for note in notes if note)

    def get_extensions(self) -> Json:
        one = self.operation
        if one is None:
            return {}
        asks = one.destructive and not self._only_tries
        return {"x-scope": one.scope, "x-destructive": asks, "x-badges": [*_badges(one, asks)]}

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
        return [*path, *query, *self._flags(one)]

    def _flags(self, one: Operation) -> list[OpenApiParameter]:
        if not one.writes:
            return [parts.IF_NONE_MATCH]
        guard = [parts.IF_MATCH] if reader_of(one) else []
        if self._only_tries:
            return guard
        consent = [parts.CONFIRM] if one.may_ask else []
        return [*consent, parts.IDEMPOTENCY_KEY, *guard]

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
            if "ETagOfRead" in self._fixed.headers:
                return dict(_read_answers(responses))
            headers = parts.headers(*self._fixed.headers)
            return {status: {**one, "headers": headers} for status, one in responses.items()}
        if self._only_tries:
            is_read = any(o.output is one.output for o in all_operations() if not o.writes)
            return _dry_run_answer(responses[str(one.status)], is_read=is_read)
        return dict(_write_answers(one, responses) if one.writes else _read_answers(responses))

    def _failures(self) -> Json:
        one = self.operation
        statuses = parts.error_statuses(one) if one else [*COMMON_ERRORS, *self._fixed.errors]
        schema = "FailedEnvelope" if self.view.channel is Channel.DISPATCH else "Problem"
        answers = {str(status): ref("responses", f"{schema}{status}") for status in statuses}
        asking = str(parts.CONSENT_MISSING)
        if self._only_tries:
            answers.pop(asking, None)
        elif one and asking in answers:
            refusal = parts.refusal(parts.CONSENT_MISSING, confirmation_name(one), PROBLEM_TYPE)
            answers[asking] = {**refusal, "links": parts.consent_to(one)}
        return answers

    # --- Components ---

    def _get_serializer_name(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> str:
        """`CrmSystem` comes out; `CrmSystemCreate`, `CrmSystemUpdate` and `…Input` go in."""
        serializer = getattr(serializer, "child", None) or serializer
        made = force_instance(serializer)
        name = type(made).__name__.removesuffix("Serializer")
        if direction != "request":
            return name
        one = self.operation
        if one and type(made) is one.input and one.endpoint in _INPUTS:
            return f"{one.viewset.model().__name__}{_INPUTS[one.endpoint]}"
        return name if name.endswith("Input") else f"{name}Input"

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: Any = False
    ) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        return say_simply(schema) if schema else schema

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Json:
        """Strict input takes nothing else; answers carry every field but those of `sometimes`."""
        serializer = force_instance(serializer)
        schema: Json = super()._map_basic_serializer(serializer, direction)
        properties = schema.setdefault("properties", {})
        if not type(serializer).__dict__.get("__doc__"):
            schema.pop("description", None)  # a base class's is about something else
        if direction == "response":
            schema["required"] = sorted({*properties} - {*getattr(serializer, "sometimes", ())})
        else:
            for name, shown in properties.items():
                say_exactly(serializer.fields[name], shown)
            if isinstance(serializer, StrictSerializer):
                schema["additionalProperties"] = False
                if serializer.needs_one:
                    schema["minProperties"] = 1
        for name, shown in properties.items():
            properties[name] = say_simply(shown)
        for name, value in getattr(serializer, "examples", {}).items():
            properties.get(name, {})["examples"] = [value]
        return schema


def _badges(one: Operation, asks: bool) -> Iterator[Json]:
    """What Scalar's reference shows beside an operation."""
    yield {"name": one.scope}
    if asks:
        yield {"name": "Destructive", "color": "#b42318"}
    if one.secret_keys:
        yield {"name": "Takes a secret", "color": "#b54708"}


def _path_parameter(one: Operation, name: str) -> OpenApiParameter:
    told = one.viewset.path_param(name)
    schema: Json = {"type": "string", "pattern": told.pattern}
    if told.is_row_id:  # of the type that answers show it in
        schema = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    return OpenApiParameter(name, schema, "path", required=True, description=told.description)


def _needs_body(one: Operation) -> bool:
    """Whether an empty body, which counts as an empty object, is refused."""
    serializer: Any = one.input(partial=one.partial) if one.input else NoInput()
    required = any(f.required for f in serializer.fields.values()) and not serializer.partial
    return required or getattr(serializer, "needs_one", False)


def _read_answers(responses: Json) -> Iterator[tuple[str, Json]]:
    tagged = parts.headers("ETagOfRead")
    yield "200", {**responses["200"], "headers": tagged}
    yield "304", {"description": "What you have is current.", "headers": tagged}


def _write_answers(one: Operation, responses: Json) -> Iterator[tuple[str, Json]]:
    content = responses[str(one.status)]["content"]
    names = ["SyteOps-Changed", "Idempotent-Replayed", "ETag"]
    if one.status == 200:
        yield "200", _answer("Done.", content, *names)
    elif one.status == 202:
        yield (
            "202",
            _answer("Begun: ask at Location what becomes of it.", content, *names, "Location"),
        )
    else:
        created = _answer("Created.", content, *names, "Location")
        yield str(one.status), {**created, "links": parts.links_from(one)}


def _dry_run_answer(response: Json, *, is_read: bool) -> Json:
    """Of what can be read as well, the component is typed; it is made later, by its name."""
    returned = response["content"][JSON_TYPE]["schema"]["$ref"].rpartition("/")[2]
    name = f"{returned if is_read else ''}{DRY_RUN_SUFFIX}"
    content = {JSON_TYPE: {"schema": ref("schemas", name)}}
    return {"200": _answer("What would be done.", content, "SyteOps-Changed")}


def _answer(description: str, content: Json, *headers: str) -> Json:
    return {"description": description, "headers": parts.headers(*headers), "content": content}

"""What the OpenAPI document says of every operation alike: errors, headers, security, links."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from manage_api.concurrency import TAGS
from manage_api.errors import CODES, FIELD_CODES, PROBLEM_TYPE
from manage_api.operations import Operation, all_operations

Json = dict[str, Any]
JSON_TYPE = "application/json"

INFO = """\
One declaration per operation: what this document shows over REST can be run through
`/api/manage/v1/dispatch` as well, and `/api/manage/v1/manifest` lists what the caller may run now.

* **Keys** go into `X-API-Key` or `Authorization: Bearer`, never into a URL. A key decides alone; a
  logged-in admin's session needs none, but a CSRF token for writes.
* **Destructive** operations need `confirm=true`; without it they answer 428 with their impact.
* **Dry run**: every write takes `dry_run=true` and then stores nothing.
* **Safe retries**: send an `Idempotency-Key` with a write; for 24 hours its answer is replayed.
* **No lost updates**: send the `ETag` of what you read as `If-Match`.
* **Errors** are problem details (RFC 9457) with a stable `code`. Texts that contain NUL, unknown
  fields and masked secrets are refused.
"""

SECURITY: list[Json] = [{"keyHeader": []}, {"bearerKey": []}, {"session": []}]


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


# --- Parameters ----------------------------------------------------------------------------

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "header",
    description="Makes retries safe.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": TAGS},
    "header",
    description="Only if this ETag is current.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, "header", description="Answer 304 if this is current."
)

# --- Headers -------------------------------------------------------------------------------


def _header(description: str, required: bool = False, **schema: Any) -> Json:
    shown = {"description": description, "schema": {"type": "string", **schema}}
    return {**shown, "required": True} if required else shown


HEADERS: Json = {
    "X-Request-ID": _header("Names this request in logs and the audit trail.", required=True),
    "ETag": _header("Names this state of the object.", pattern='^"[^"]*"$'),
    "ETagOfRead": _header("Names this state.", required=True, pattern='^"[^"]*"$'),
    "SyteOps-Changed": _header(
        "Whether stored state really changed.", required=True, enum=["true", "false"]
    ),
    "Idempotent-Replayed": _header("This is the stored answer of an earlier call.", enum=["true"]),
    "Location": _header("Where the new object is.", required=True),
    "WWW-Authenticate": _header("How to authenticate (RFC 6750).", required=True),
    "Allow": _header("The methods that this address knows.", required=True),
    "Retry-After": _header("Seconds to wait.", pattern="^[0-9]+$"),
    "RateLimit": _header("What is left of the caller's budget."),
    "RateLimit-Policy": _header("The caller's budget."),
}


def headers(*names: str) -> Json:
    """The headers named, beside those of every answer."""
    always = ("X-Request-ID", "RateLimit", "RateLimit-Policy")
    return {name.removesuffix("OfRead"): ref("headers", name) for name in (*always, *names)}


# --- Schemas -------------------------------------------------------------------------------

_TEXT = {"type": "string"}


def _object(description: str = "", **properties: Json) -> Json:
    shape = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {**shape, "description": description} if description else shape


SCHEMAS: Json = {
    "FieldProblem": _object(
        pointer={**_TEXT, "description": "JSON Pointer (RFC 6901) into the body."},
        code={
            **_TEXT,
            "enum": sorted({*FIELD_CODES, *CODES}),
            "description": "A field code, or why an item of a bulk cannot be done.",
        },
        detail=_TEXT,
    ),
    "Problem": _object(
        "Problem details (RFC 9457).",
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        code={**_TEXT, "enum": sorted(CODES)},
        request_id=_TEXT,
        errors={"type": "array", "items": ref("schemas", "FieldProblem")},
    ),
    "DispatchProblem": {
        "description": "Problem details inside the envelope of dispatch.",
        "allOf": [
            ref("schemas", "Problem"),
            _object(
                ok={"const": False}, data={"type": "null"}, changed={"const": False}, error=_TEXT
            ),
        ],
    },
    "Change": _object(
        "One change: an object, and each field before and after. Secrets show as words.",
        event=_TEXT,
        resource=_TEXT,
        object_id=_TEXT,
        fields={"type": "object", "additionalProperties": _object(before={}, after={})},
    ),
    "DryRun": _object(
        "What a write would have done. Nothing was stored.",
        dry_run={"const": True},
        changed={"type": "boolean"},
        data={},
        changes={"type": "array", "items": ref("schemas", "Change")},
        impact={"type": ["object", "null"]},
    ),
}


def dry_run_of(returned: Json) -> Json:
    """The answer to a dry run of a write that would return `returned`."""
    return {"allOf": [ref("schemas", "DryRun"), {"properties": {"data": returned}}]}


def bulk_of(params: Mapping[str, Json], most: int) -> Json:
    """The input of a bulk whose actions take these params."""
    choices = [
        {**_object(action={"const": action}, params=taken), "additionalProperties": False}
        for action, taken in params.items()
    ]
    items = {"type": "array", "minItems": 1, "maxItems": most, "items": {"oneOf": choices}}
    items["description"] = "Done in this order: all, or none."
    return {**_object(items=items), "additionalProperties": False}


# --- Errors --------------------------------------------------------------------------------

_EXTRA_HEADERS = {
    401: ["WWW-Authenticate"],
    405: ["Allow"],
    409: ["Retry-After"],
    412: ["ETag"],
    429: ["Retry-After"],
}
_EXTRA_MEMBERS = {
    403: {"properties": {"scope": _TEXT, "permission": _TEXT}},
    412: _object(current_etag={"type": ["string", "null"]}),
    428: _object(impact={"type": "object", "description": "What would go."}),
}
BASES = ("Problem", "DispatchProblem")


def problem_responses() -> Json:
    """The response of every error status, once for REST and once in dispatch's envelope."""
    statuses = sorted({code.status for code in CODES.values()})
    return {f"{base}{status}": _problem(status, base) for base in BASES for status in statuses}


def _problem(status: int, base: str) -> Json:
    codes = {name: code for name, code in CODES.items() if code.status == status}
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": sorted(codes)}}}
    extra = _EXTRA_MEMBERS.get(status)
    parts = [ref("schemas", base), narrowed, *([extra] if extra else [])]
    return {
        "description": " ".join(f"`{name}`: {one.title}." for name, one in codes.items()),
        "headers": headers(*_EXTRA_HEADERS.get(status, ())),
        "content": {PROBLEM_TYPE: {"schema": {"allOf": parts}}},
    }


def error_statuses(one: Operation | None) -> list[int]:
    """The statuses with which an operation (None: a fixed address) can be refused."""
    statuses = {401, 403, 405, 406, 429, 500}
    if one is None:
        return sorted(statuses)
    statuses.add(400)
    if one.path_params or one.module or one.writes:
        statuses.add(404)
    if one.writes:
        statuses |= {409, 412, 422}
    if one.takes_body:
        statuses |= {413, 415}
    if one.may_ask:
        statuses.add(428)
    return sorted(statuses)


# --- Links ---------------------------------------------------------------------------------


def links_from(one: Operation) -> Json:
    """From a created object to everything that can be done with it."""
    lookup = one.viewset.lookup_name()
    return {
        other.name: {
            "operationId": operation_id(other),
            "parameters": {lookup: f"$response.body#/{lookup}"},
        }
        for other in all_operations()
        if other.resource == one.resource and other.path_params == [lookup]
    }


def operation_id(one: Operation) -> str:
    """The stable id under which the document and generated clients know an operation."""
    return one.name.replace(".", "_")

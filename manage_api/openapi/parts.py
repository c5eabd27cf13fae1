"""What the OpenAPI document says of every operation alike: errors, headers, security, links."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from manage_api.concurrency import TAGS
from manage_api.errors import CODES, FIELD_CODES, JSON_TYPE, PROBLEM_TYPE
from manage_api.operations import Operation, all_operations
from syteops.core import consequences
from syteops.core.impacts import MOST_TOLD

Json = dict[str, Any]
OPENAPI_TYPE = "application/vnd.oai.openapi+json"
ARAZZO_TYPE = "application/vnd.oai.workflows+json"

INFO = """\
One declaration per operation: what this document shows over REST can be run through
`/api/manage/v1/dispatch` as well, and `/api/manage/v1/manifest` lists what the caller may run now.

* **Keys** go into `X-API-Key` or `Authorization: Bearer`, never into a URL. A key decides alone; a
  logged-in admin's session needs none, but a CSRF token for writes.
* **Destructive** operations need `confirm=true`; without it they answer 428 with their impact.
* **Dry run**: every write takes `dry_run=true` and then stores nothing.
* **Safe retries**: send an `Idempotency-Key` with a write; for 24 hours its answer is replayed.
* **No lost updates**: send the `ETag` of what you read as `If-Match`.
* **Queries**: a parameter that an address does not describe is refused, everywhere alike.
* **HEAD** answers at every address that has GET, with the same headers and no body.
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
CONFIRM = OpenApiParameter("confirm", bool, "query", description="Consent to what would go.")
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
    "Link": _header("Where the API is described (RFC 8288).", required=True),
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

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}


def object_of(description: str = "", *optional: str, **properties: Json) -> Json:
    """The schema of an object that has all these properties, but perhaps not the `optional`."""
    required = sorted({*properties} - {*optional})
    shape = {"type": "object", "properties": properties, "required": required}
    return {**shape, "description": description} if description else shape


def list_of(name: str) -> Json:
    """The schema of a list of the component `name`."""
    return {"type": "array", "items": ref("schemas", name)}


def _code(codes: Iterable[str], description: str) -> Json:
    # No closed list: a client that was made of it would break at the next code.
    return {**_TEXT, "description": description, "x-extensible-enum": sorted(codes)}


_PROBLEM: Json = {
    "type": {**_TEXT, "description": "Names the code as a URI."},
    "title": {**_TEXT, "description": "What the code means, in a few words."},
    "status": {"type": "integer", "description": "The HTTP status."},
    "detail": {**_TEXT, "description": "What is wrong with this very request, and the cure."},
    "code": _code(CODES, "What programs look at; it never changes."),
    "request_id": {**_TEXT, "description": "Names the request in logs and the audit trail."},
    "errors": {**list_of("FieldProblem"), "description": "Each field that is wrong."},
}
_SOMETIMES: Json = {
    "scope": {**_TEXT, "description": "The scope that the key lacks."},
    "permission": {**_TEXT, "description": "The permission that the person lacks."},
    "current_etag": {"type": ["string", "null"], "description": "What If-Match would need."},
    "items": {**list_of("BulkItemProblem"), "description": "Each item of a bulk that failed."},
}
COUNT: Json = {
    "type": "integer",
    "description": f"How many there are, where these are more than {MOST_TOLD} or are not shown.",
}
_WOULD: Json = {
    "changed": {**_FLAG, "description": "Whether anything would be different."},
    "changes": {**list_of("Change"), "description": "Each change, also to other objects."},
    "changes_count": COUNT,
    "impact": {"description": "What would go: an object, or nothing (null)."},
}

SCHEMAS: Json = {
    "FieldProblem": object_of(
        "What is wrong with one field.",
        pointer={**_TEXT, "description": "JSON Pointer (RFC 6901) into the body."},
        code=_code({*FIELD_CODES, *CODES}, "A field code, or why an item of a bulk failed."),
        detail={**_TEXT, "description": "What is wrong, and the cure."},
    ),
    "BulkItemProblem": {
        **object_of(
            "Why an item of a bulk cannot be done.",
            index={"type": "integer", "description": "Which item, from 0."},
            code=_code(CODES, "As of the whole."),
            detail={**_TEXT, "description": "What is wrong, and the cure."},
        ),
        "additionalProperties": True,
    },
    "Problem": object_of("Problem details (RFC 9457).", *_SOMETIMES, **_PROBLEM, **_SOMETIMES),
    "FieldChange": object_of(
        "A field before and after. Secrets show as words.",
        *("before_count", "after_count"),
        before={"description": "Nothing (null) if it is new."},
        after={"description": "Nothing (null) if it is gone."},
        before_count=COUNT,
        after_count=COUNT,
    ),
    "Change": object_of(
        "One change of one object.",
        event={**_TEXT, "description": "Such as `crm_system.updated`."},
        resource={**_TEXT, "description": "Such as `crm`."},
        object_id={**_TEXT, "description": "The object's public identifier."},
        fields={
            "type": "object",
            "additionalProperties": ref("schemas", "FieldChange"),
            "description": "Each field that changes.",
        },
    ),
    "Envelope": object_of(
        "What dispatch answers. `data` is what the manifest says that the operation returns.",
        *("dry_run", "changes", "changes_count", "impact"),
        ok={**_FLAG, "description": "True: it was done."},
        data={"description": "An object; a text where the operation returns a document."},
        changed={**_FLAG, "description": "Whether stored state really changed."},
        error={"type": ["string", "null"], "description": "Nothing (null)."},
        code={"type": ["string", "null"], "description": "Nothing (null)."},
        errors={**list_of("FieldProblem"), "description": "Empty."},
        request_id=_PROBLEM["request_id"],
        dry_run={**_FLAG, "description": "True after a dry run: nothing was stored."},
        changes=_WOULD["changes"],
        changes_count=COUNT,
        impact=_WOULD["impact"],
    ),
    "FailedEnvelope": object_of(
        "What dispatch answers when nothing was done.",
        *(*_SOMETIMES, "impact"),
        ok={**_FLAG, "description": "False."},
        data={"description": "Nothing (null)."},
        changed={**_FLAG, "description": "False."},
        error={**_TEXT, "description": "The same as `detail`."},
        impact=_WOULD["impact"],
        **_PROBLEM,
        **_SOMETIMES,
    ),
}


def consequences_of_writes() -> Json:
    """What an answer may tell of the consequences of a write, by name."""
    return {name: ref("schemas", component_of(name)) for name in consequences.schemas()}


def component_of(consequence: str) -> str:
    """The component of a consequence of that name."""
    return consequence.title().replace("_", "")


DRY_RUN_SUFFIX = "DryRun"


def dry_run_of(data: Json) -> Json:
    """The answer to a dry run of a write that would return `data`."""
    return object_of(
        "What the write would have done. Nothing was stored.",
        *("changes_count", *consequences.schemas()),
        dry_run={**_FLAG, "description": "True."},
        data={**data, "description": "What the write would have answered."},
        **_WOULD,
        **consequences_of_writes(),
    )


def confirmation_of(impact: Json) -> Json:
    """The refusal of a write without consent that would have this impact."""
    about = "Nothing was done: consent is missing. Repeat with `confirm=true` to go on."
    shown = {**impact, "description": "What would go."}
    return object_of(about, *_SOMETIMES, **_PROBLEM, impact=shown, **_SOMETIMES)


ID_INPUT = "RowIdInput"
"""The component of an object's permanent id."""


def bulk_of(name: str, params: Mapping[str, str], most: int) -> dict[str, Json]:
    """The components of a bulk's input: `params` names what each action takes.

    `name` is that of the whole. What is deleted by its `id` alone is one component for all.
    """
    items: dict[str, Json] = {}
    for action, component in params.items():
        chosen = {"type": "string", "enum": [action], "description": "What to do."}
        one = object_of(action=chosen, params=ref("schemas", component))
        whose = "Bulk" if component == ID_INPUT else name
        items[f"{whose}{action.title()}"] = {**one, "additionalProperties": False}
    where = {one["properties"]["action"]["enum"][0]: ref("schemas", n) for n, one in items.items()}
    choice = {
        "oneOf": [*where.values()],
        "discriminator": {
            "propertyName": "action",
            "mapping": {action: one["$ref"] for action, one in where.items()},
        },
    }
    many = {**list_of(f"{name}Item"), "minItems": 1, "maxItems": most}
    many["description"] = "Done in this order: all, or none."
    whole = {**object_of(items=many), "additionalProperties": False}
    return {**items, f"{name}Item": choice, name: whole}


# --- Errors --------------------------------------------------------------------------------

_EXTRA_HEADERS = {
    401: ["WWW-Authenticate"],
    405: ["Allow"],
    409: ["Retry-After"],
    412: ["ETag"],
    429: ["Retry-After"],
}


def problem_responses() -> Json:
    """The response of every error status: as a problem document, and in dispatch's envelope."""
    statuses = sorted({code.status for code in CODES.values()})
    return {
        f"{schema}{status}": refusal(status, schema)
        for schema in MEDIA_TYPES
        for status in statuses
        if (schema, status) != ("Problem", CONSENT_MISSING)  # each operation has its own
    }


CONSENT_MISSING = 428
MEDIA_TYPES = {"Problem": PROBLEM_TYPE, "FailedEnvelope": JSON_TYPE}


def refusal(status: int, schema: str, media_type: str = "") -> Json:
    """The response of an error status, whose body is the component `schema`."""
    codes = {name: code for name, code in CODES.items() if code.status == status}
    shown = {"schema": ref("schemas", schema)}
    return {
        "description": " ".join(f"`{n}`: {one.title}. {one.cure}" for n, one in codes.items()),
        "headers": headers(*_EXTRA_HEADERS.get(status, ())),
        "content": {media_type or MEDIA_TYPES[schema]: shown},
    }


COMMON_ERRORS = (401, 403, 405, 406, 429, 500, 503)
"""The statuses with which every address can refuse."""


def error_statuses(one: Operation) -> list[int]:
    """The statuses with which an operation can be refused."""
    statuses = {*COMMON_ERRORS, 400}
    if one.path_params or one.module or one.writes:
        statuses.add(404)
    if one.writes:
        statuses |= {409, 412, 422}
    if one.takes_body:
        statuses |= {408, 413, 415}
    if one.input and "page" in one.input().fields:  # type: ignore[attr-defined]
        statuses.add(413)
    if one.may_ask:
        statuses.add(CONSENT_MISSING)
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


def consent_to(one: Operation) -> Json:
    """From the question for consent to the same call with it."""
    path = {name: f"$request.path.{name}" for name in one.path_params}
    again = {"operationId": operation_id(one), "parameters": {**path, "confirm": "true"}}
    return {"confirm": {**again, "description": "The same call, with consent."}}


def operation_id(one: Operation) -> str:
    """The stable id under which the document and generated clients know an operation."""
    return one.name.replace(".", "_")


def dry_run_id(one: Operation) -> str:
    """The stable id of the write's dry run, at its own address."""
    return f"{operation_id(one)}_dry_run"

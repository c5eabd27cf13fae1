"""The OpenAPI document: complete, and nothing routed that it does not know."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator

from manage_api.base import ManageViewSet
from manage_api.errors import CODES
from manage_api.openapi.document import document, inlined
from manage_api.operations import Operation, all_operations, reader_of
from manage_api.views import ApiView
from manage_api.whoami import NowhereView
from syteops.lib.paths import API_ROOT
from tests.each import each
from tests.manage_api.faces import asks_for_consent
from tests.manage_api.test_openapi_statuses import has_numbered_pages

SNAPSHOT = Path(__file__).with_name("operations.txt")
FIXED = {
    "api_root_get",
    "api_manifest_get",
    "api_dispatch_get",
    "api_dispatch_post",
    "api_whoami_get",
}
SCHEMES: list[dict[str, list[str]]] = [{"keyHeader": []}, {"bearerKey": []}, {"session": []}]


def described() -> dict[str, dict[str, Any]]:
    """Each operation of the document by its id, with its method and path."""
    return {
        one["operationId"]: {**one, "method": method.upper(), "path": path}
        for path, item in document()["paths"].items()
        for method, one in item.items()
    }


def of(operation: Operation) -> dict[str, Any]:
    return described()[operation.name.replace(".", "_")]


# --- Nothing is missing, nothing is left open ------------------------------------------------


def test_it_describes_every_operation_and_the_fixed_addresses() -> None:
    ids = {one.name.replace(".", "_") for one in all_operations()}
    tried = {f"{one.name.replace('.', '_')}_dry_run" for one in all_operations() if one.writes}

    assert set(described()) == ids | tried | FIXED


def test_everything_in_it_needs_a_key_or_a_session() -> None:
    assert all(one["security"] == SCHEMES for one in described().values())
    schemes = document()["components"]["securitySchemes"]
    assert set(schemes) == {"keyHeader", "bearerKey", "session"}
    assert all(scheme["description"] for scheme in schemes.values())


def views(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for one in patterns:
        where = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns, where)
        elif isinstance(one, URLPattern):
            yield where, one.callback


def test_every_route_of_the_api_is_an_operation_and_asks_who_calls() -> None:
    """A view that slipped past the registry would have no scope: an open door."""
    open_to_all = {f"api/manage/v1/{name}" for name in ("schema", "docs", "postman", "workflows")}
    known = {(one.method, one.path) for one in all_operations()}
    seen = set()
    for where, view in views(get_resolver().url_patterns):
        if not re.match(r"\^?\(?(api|wp-json)", where) or where in open_to_all:
            continue
        cls = view.cls
        assert issubclass(cls, ApiView), where
        assert cls.authentication_classes == ApiView.authentication_classes, where
        assert cls.permission_classes == ApiView.permission_classes, where
        assert cls.throttle_classes == ApiView.throttle_classes, where
        assert cls.initial is ApiView.initial, where
        if issubclass(cls, ManageViewSet):
            routed = {(m.upper(), cls.operations[a].path) for m, a in view.actions.items()}
            assert {one for one in routed if one[0] != "HEAD"} <= known, where
            seen |= routed
        else:
            assert cls is NowhereView or set(cls.endpoints) == _methods(cls), where
    assert {one for one in seen if one[0] != "HEAD"} == known


def _methods(cls: type[ApiView]) -> set[str]:
    return {name.upper() for name in cls.http_method_names if name != "head" and hasattr(cls, name)}


# --- Each operation in full ------------------------------------------------------------------


@each("operation", all_operations())
def test_an_operation_is_described_in_full(operation: Operation) -> None:
    shown = of(operation)

    assert (shown["method"], shown["path"]) == (operation.method, API_ROOT + operation.path)
    assert shown["summary"]
    assert shown["x-scope"] == operation.scope
    assert f"`{operation.scope}`" in shown["description"]
    parameters = {(one["in"], one["name"]): one for one in shown["parameters"]}
    for name in operation.path_params:
        schema = parameters["path", name]["schema"]
        assert schema["type"] == "integer" or re.fullmatch(r"\^.*\$", schema["pattern"])
    assert (("query", "confirm") in parameters) >= operation.destructive
    assert ("`dry_run=true`" in shown["description"]) == operation.writes
    assert (("header", "Idempotency-Key") in parameters) == operation.writes
    assert (("header", "If-None-Match") in parameters) == (not operation.writes)
    is_guarded = operation.writes and reader_of(operation) is not None
    assert (("header", "If-Match") in parameters) == is_guarded


@each("operation", all_operations())
def test_every_answer_is_described_with_its_headers(operation: Operation) -> None:
    answers = of(operation)["responses"]

    expected = {"400", "401", "403", "405", "406", "429", "500", "503", str(operation.status)}
    expected |= {"404", "409", "412", "422"} if operation.writes else {"304"}
    expected |= {"408", "413", "415"} if operation.takes_body else set()
    expected |= {"413"} if has_numbered_pages(operation) else set()
    expected |= {"428"} if asks_for_consent(operation) else set()
    expected |= {"404"} if operation.path_params or operation.module else set()
    assert expected == set(answers)
    for status, answer in answers.items():
        resolved = _resolve(answer)
        assert "X-Request-ID" in resolved["headers"]
        if int(status) >= 400:
            assert set(resolved["content"]) == {"application/problem+json"}
    headers = answers[str(operation.status)]["headers"]
    assert "ETag" in headers
    assert ("SyteOps-Changed" in headers) == operation.writes
    assert ("Location" in headers) == (operation.status in (201, 202))
    assert _resolve(answers["401"])["headers"]["WWW-Authenticate"]
    assert _resolve(answers["405"])["headers"]["Allow"]
    assert _resolve(answers["429"])["headers"]["Retry-After"]


def _resolve(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    _, _, kind, name = answer["$ref"].split("/")
    found: dict[str, Any] = document()["components"][kind][name]
    return found


@each("operation", all_operations())
def test_its_examples_fit_its_schemas(operation: Operation) -> None:
    shown = of(operation)
    success = shown["responses"][str(operation.status)]
    for holder in (shown.get("requestBody", {}), success):
        media = holder.get("content", {}).get("application/json")
        if media:
            Draft202012Validator(inlined(media["schema"])).validate(media["example"])


@each("operation", all_operations())
def test_strict_input_says_so(operation: Operation) -> None:
    body = of(operation).get("requestBody")
    if body:
        schema = inlined(body["content"]["application/json"]["schema"])
        assert schema["additionalProperties"] is False


@each("operation", all_operations())
def test_a_body_is_required_where_an_empty_object_is_refused(operation: Operation) -> None:
    body = of(operation).get("requestBody")
    if body:
        schema = inlined(body["content"]["application/json"]["schema"])
        assert body.get("required", False) == (not Draft202012Validator(schema).is_valid({}))


def test_what_is_created_links_to_what_can_be_done_with_it() -> None:
    seen = 0
    for operation in all_operations():
        if operation.status == 201:
            lookup = operation.viewset.lookup_name()
            links = of(operation)["responses"]["201"]["links"]
            for name, link in links.items():
                assert link["operationId"] in described()
                assert name.startswith(f"{operation.resource}.")
                assert set(link["parameters"]) == {lookup}
                seen += 1
    assert seen


def test_the_question_for_consent_links_to_the_same_call_with_it() -> None:
    for operation in (one for one in all_operations() if asks_for_consent(one)):
        link = of(operation)["responses"]["428"]["links"]["confirm"]
        assert link["operationId"] == operation.name.replace(".", "_")
        assert link["parameters"]["confirm"] == "true"
        assert set(link["parameters"]) == {*operation.path_params, "confirm"}


def test_every_error_code_is_in_exactly_one_answer() -> None:
    responses = document()["components"]["responses"]
    for code, about in CODES.items():
        for base in ("Problem", "FailedEnvelope"):
            named = [n for n, one in responses.items() if f"`{code}`" in one["description"]]
            is_own = (base, about.status) == ("Problem", 428)  # each operation has one of its own
            assert (f"{base}{about.status}" in named) == (not is_own)
            assert len(named) == (1 if about.status == 428 else 2)
    schemas = document()["components"]["schemas"]
    assert schemas["Problem"]["properties"]["code"]["x-extensible-enum"] == sorted(CODES)


def test_secrets_go_in_and_do_not_come_out() -> None:
    components = document()["components"]["schemas"]
    assert any(operation.secret_keys for operation in all_operations())
    for operation in all_operations():
        for name in operation.secret_keys:
            shown = of(operation)["responses"][str(operation.status)]
            returned = inlined(shown["content"]["application/json"]["schema"])
            assert f"'{name}': " not in str(returned), operation.name
    goes_in = re.compile("(Input|Create|Update|Params)$")
    assert not any("password" in str(one) for n, one in components.items() if not goes_in.search(n))


# --- The snapshot ----------------------------------------------------------------------------


def snapshot() -> str:
    """Every operation in one readable line: what a person should look at when it changes."""
    rows: list[tuple[str, ...]] = [
        (one.name, one.scope, one.method, one.path, "destructive" if one.destructive else "")
        for one in sorted(all_operations(), key=lambda one: one.name)
    ]
    return "".join("  ".join(row).rstrip() + "\n" for row in _aligned(rows))


def _aligned(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [tuple(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]


def test_ids_scopes_and_paths_are_what_tools_were_written_for() -> None:
    """After a wanted change: `UPDATE_SNAPSHOTS=1 pytest tests/manage_api/test_openapi.py`."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(snapshot(), encoding="utf-8")
    assert snapshot() == SNAPSHOT.read_text(encoding="utf-8")

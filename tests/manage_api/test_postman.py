"""The Postman collection: every operation of the document, ready to be sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from manage_api.openapi.document import document
from tests.fixtures import API, Api

ADDRESS = f"{API}/postman"


@pytest.fixture
def collection(client: Any) -> dict[str, Any]:
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="syteops.postman.json"'
    return dict(answer.json())


def requests(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for folder in collection["item"]:
        for item in folder["item"]:
            yield item["request"]


def test_it_has_every_operation(collection: dict[str, Any]) -> None:
    described = {
        (method.upper(), path.replace("{", ":").replace("}", ""))
        for path, item in document()["paths"].items()
        for method in item
    }
    sent = {(r["method"], r["url"]["raw"].removeprefix("{{server}}").rstrip("/")) for r in
            requests(collection)}  # fmt: skip

    assert sent == {(method, path.rstrip("/")) for method, path in described}


def test_it_holds_no_key_and_asks_for_one(collection: dict[str, Any]) -> None:
    values = {one["key"]: one["value"] for one in collection["variable"]}

    assert values == {"server": "http://testserver", "key": ""}
    assert {one["key"]: one["value"] for one in collection["auth"]["apikey"]} == {
        "key": "X-API-Key", "value": "{{key}}", "in": "header"
    }  # fmt: skip


def test_a_request_works_as_it_is(collection: dict[str, Any], api: Api) -> None:
    create = next(r for r in requests(collection) if r["url"]["raw"].endswith("/v1/crm-systems")
                  and r["method"] == "POST" and "dry-run" not in r["url"]["raw"])  # fmt: skip

    answer = api.post("/crm-systems", json.loads(create["body"]["raw"]))

    assert answer.status_code == 201


def test_it_is_only_read(client: Any) -> None:
    answer = client.post(ADDRESS)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")

"""Every example of the document works: sent as it is to a site that has what it names."""

from typing import Any

import pytest

from manage_api.openapi.document import document
from manage_api.operations import Operation, all_operations
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.faces import address
from tests.samples import all_samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]
TAKES_BODY = [one for one in all_operations() if one.takes_body]
JSON = "application/json"
ITS_OWN = {
    "deliveries.resume": {"integration", "destination"},
    "deliveries.resend_since": {"integration", "destination"},
    "integrations.set_secret": {"value"},
}
"""What each site, and each integration, has of its own, beside the ids of rows."""


def example_of(operation: Operation) -> Any:
    path = document()["paths"][f"/api/manage/v1{operation.path}"]
    body = path[operation.method.lower()].get("requestBody")
    return body["content"][JSON]["example"] if body else {}


@each("operation", TAKES_BODY)
def test_the_example_is_accepted(operation: Operation, api: Api) -> None:
    sample = all_samples()[operation.name]()
    body = {**example_of(operation)}
    if "destination" in ITS_OWN.get(operation.name, ()):
        body |= {n: v for n, v in sample.params.items() if n == "destination"}
    for name in ITS_OWN.get(operation.name, {"id"}) & {*body}:
        body[name] = sample.params[name]

    answer = api.call(operation.method, f"{address(operation, sample.path)}?confirm=true"
                      if operation.may_ask else address(operation, sample.path), body)  # fmt: skip

    assert answer.status_code == operation.status, answer.content


@each("operation", TAKES_BODY)
def test_the_example_says_something(operation: Operation) -> None:
    example = example_of(operation)
    for name, value in example.items():
        assert str(value).casefold() != name.replace("_", " "), f"{name}: {value}"


def test_the_example_of_dispatch_is_accepted(api: Api) -> None:
    operation = document()["paths"]["/api/manage/v1/dispatch"]["post"]
    example = operation["requestBody"]["content"][JSON]["example"]
    assert api.post("/dispatch", example).json()["ok"] is True

"""Whoever knows the host alone finds the API, its description, and the ways to use it."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from manage_api.openapi.document import document
from manage_api.openapi.workflows import workflow_document
from manage_api.operations import all_operations, find
from tests.fixtures import API, Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

CATALOG = "/.well-known/api-catalog"
SOURCE = "http://testserver/api/manage/v1/schema"
DESCRIBED = {
    "service-desc": f"{API}/schema",
    "service-doc": f"{API}/docs",
    "service-meta": f"{API}/workflows",
}


# --- The catalogue (RFC 9727) ------------------------------------------------------------------


def test_a_stranger_finds_the_api_and_all_about_it(client: Client) -> None:
    answer: Any = client.get(CATALOG)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/linkset+json; profile=")
    itself, manage = answer.json()["linkset"]
    assert itself["item"] == [{"href": f"http://testserver{API}/"}]
    assert (itself["anchor"], manage["anchor"]) == (
        f"http://testserver{CATALOG}",
        f"http://testserver{API}/",
    )
    told = {name: urlsplit(manage[name][0]["href"]).path for name in manage if name != "anchor"}
    assert told == {**DESCRIBED, "status": "/readyz"}


def test_everything_in_it_is_there_and_of_the_type_it_says(client: Client) -> None:
    manage = client.get(CATALOG).json()["linkset"][1]
    for name, (target,) in ((name, manage[name]) for name in manage if name != "anchor"):
        answer = client.get(target["href"])
        assert answer.status_code in (200, 503 if name == "status" else 200), name
        assert answer.headers["Content-Type"].partition(";")[0] == target["type"]


@pytest.mark.parametrize("path", [CATALOG, "/workflows", "/postman", "/schema"])
def test_site_url_is_what_it_tells_whatever_name_was_asked_for(path: str, settings: Any) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://ops.example.com", ["*"]

    answer = Api().get(path, Host="other.example.net")

    assert answer.status_code == 200
    told = [answer.content.decode(), answer.headers.get("Link", "")]
    assert not [one for one in told if "other.example.net" in one]
    assert path == "/schema" or settings.SITE_URL in told[0]  # that one is made at the start


def test_head_tells_where_it_is_without_it(client: Client) -> None:
    whole, head = client.get(CATALOG), client.head(CATALOG)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Link"):
        assert head.headers[name] == whole.headers[name]
    assert head.headers["Link"] == f'<http://testserver{CATALOG}>; rel="api-catalog"'
    assert client.post(CATALOG).status_code == 405


def test_links_in_it_never_lead_to_a_host_that_is_not_ours(client: Client) -> None:
    assert client.get(CATALOG, headers={"Host": "evil.example.com"}).status_code == 400


# --- Link headers ------------------------------------------------------------------------------


def test_the_root_links_to_what_describes_it(api: Api) -> None:
    link = api.get("/").headers["Link"]

    told = {relation: path for path, relation in re.findall(r'<([^>]+)>; rel="([^"]+)"', link)}
    assert told == {**DESCRIBED, "api-catalog": CATALOG}
    assert api.get("/").json()["links"]["workflows"] == f"{API}/workflows"
    assert "Link" not in api.get("/crm-systems").headers


# --- Workflows (Arazzo) ------------------------------------------------------------------------

WORKFLOWS = workflow_document(SOURCE)["workflows"]
CALLS = {
    one["operationId"]: (method.upper(), path)
    for path, item in document()["paths"].items()
    for method, one in item.items()
}


def test_it_is_public_and_names_the_description_that_it_is_about(client: Client) -> None:
    answer: Any = client.get(f"{API}/workflows")

    assert answer.json() == workflow_document(SOURCE)
    assert (
        client.get(answer.json()["sourceDescriptions"][0]["url"]).json()["paths"]
        == document()["paths"]
    )
    assert client.post(f"{API}/workflows").json()["code"] == "method_not_allowed"


def test_whatever_lives_a_whole_life_has_its_workflows() -> None:
    life = ("create", "get", "list", "update", "delete")
    resources = {one.resource for one in all_operations()}
    alive = {name for name in resources if all(find(name, action) for action in life)}
    rotated = {one.resource for one in all_operations() if one.action == "rotate_secret"}

    assert rotated
    assert {one["workflowId"] for one in WORKFLOWS} == {
        *(f"{name}_{what}" for name in alive for what in ("update", "delete")),
        *(f"{name}_rotate_secret" for name in rotated),
    }


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one["workflowId"])
def test_every_step_does_what_it_says(api: Api, workflow: Any) -> None:
    known: dict[str, Any] = {}
    for step in workflow["steps"]:
        answer = take(api, step, known)
        wanted = step["successCriteria"][0]["condition"].rpartition(" ")[2]
        assert str(answer.status_code) == wanted, (step["stepId"], answer.content)
        if step["stepId"] in ("try", "update"):
            assert answer.json().get("changed", answer.headers["SyteOps-Changed"] == "true")
        for name, where in step.get("outputs", {}).items():
            known[f"$steps.{step['stepId']}.outputs.{name}"] = found(answer, where)


def take(api: Api, step: Any, known: dict[str, Any]) -> Any:
    method, path = CALLS[step["operationId"]]
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for one in step.get("parameters", ()):
        given[one["in"]][one["name"]] = known.get(str(one["value"]), one["value"])
    query = urlencode({name: str(value).lower() for name, value in given["query"].items()})
    headers = {name.replace("-", "_"): value for name, value in given["header"].items()}
    body = step.get("requestBody", {}).get("payload")
    return api.call(method, f"{path.format_map(given['path'])}?{query}", body, **headers)


def found(answer: Any, expression: str) -> Any:
    place, _, name = expression.removeprefix("$response.").partition("#/")
    return answer.json()[name] if place == "body" else answer.headers[place.removeprefix("header.")]

"""What makes the document good for generators of clients: a name for everything, no decoration."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from manage_api.openapi.document import document, inlined
from manage_api.openapi.impacts import impact_type
from manage_api.operations import Operation, all_operations
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.faces import Rest, asks_for_consent
from tests.samples import all_samples

JSON = "application/json"
PROBLEM = "application/problem+json"


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def nodes(node: Any, *path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every schema, parameter and answer of the document, with its place; no examples."""
    if isinstance(node, list):
        for index, one in enumerate(node):
            yield from nodes(one, *path, str(index))
    elif isinstance(node, dict):
        if path[-1:] != ("properties",):
            yield path, node
        for name, one in node.items():
            if name not in ("example", "examples", "default", "x-extensible-enum"):
                yield from nodes(one, *path, name)


def places(word: str) -> set[str]:
    return {"/".join(path) for path, node in nodes(document()) if word in node}


def test_there_are_fewer_than_250_components() -> None:
    assert 100 < len(schemas()) < 250


def test_no_two_names_are_one_when_case_is_folded() -> None:
    for names in (schemas(), [one["name"] for one in document()["tags"]]):
        folded = Counter(re.sub("[^a-z0-9]", "", name.lower()) for name in names)
        assert [name for name, count in folded.items() if count > 1] == []


def test_every_component_is_used() -> None:
    used = {node["$ref"] for _, node in nodes(document()) if "$ref" in node}
    kinds = document()["components"]
    unused = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers", "pathItems")
        for name in kinds[kind]
    } - used
    assert unused == set()


def test_no_title_of_a_field_becomes_a_class() -> None:
    assert places("title") == {"info"}


def test_every_object_with_properties_is_a_component() -> None:
    inline = [
        path for path, node in nodes(document())
        if "properties" in node and path[:2] != ("components", "schemas")
    ]  # fmt: skip
    within = [path for path, node in nodes(schemas()) if "properties" in node and len(path) > 1]
    assert inline + within == []


def test_nothing_is_united_wrapped_or_excluded_for_decoration() -> None:
    for word in ("anyOf", "allOf", "not", "if"):
        assert places(word) == set(), word
    for path, node in nodes(document()):
        if "oneOf" in node:
            assert node["discriminator"]["propertyName"] == "action", path
            assert set(node["discriminator"]["mapping"]) <= {"create", "update", "delete", "set"}


def test_null_is_never_a_type_of_its_own_and_choices_have_one() -> None:
    for path, node in nodes(document()):
        assert node.get("type") != "null", path
        if "const" in node or isinstance(node.get("enum"), list):
            assert node["type"], path


def test_no_enum_has_hundreds_of_members_or_members_that_differ_in_case() -> None:
    for path, node in nodes(document()):
        values = node.get("enum", [])
        assert len(values) < 50, path
        assert len({re.sub("[^a-z0-9-]", "", v.lower()) for v in values}) == len(values), path


def test_time_zones_countries_and_currencies_have_a_format_and_a_pattern() -> None:
    member, estimate = schemas()["TeamMemberCreate"], schemas()["EstimateCreate"]
    for name in ("country", "time_zone"):
        field = member["properties"][name]
        assert field["format"]
        assert re.search(field["pattern"], "")
    assert re.search(member["properties"]["time_zone"]["pattern"], "Etc/GMT+1")
    assert re.fullmatch(estimate["properties"]["currency"]["pattern"], "CHF")


def test_no_docstring_of_a_base_class_is_published() -> None:
    texts = [node.get("description", "") for _, node in nodes(document())]
    assert not [text for text in texts if isinstance(text, str) and "erializer" in text]


@each("operation", all_operations())
def test_an_id_has_one_type_in_the_path_and_in_the_answer(operation: Operation) -> None:
    described = document()["paths"][f"/api/manage/v1{operation.path}"][operation.method.lower()]
    answer = described["responses"][str(operation.status)]["content"][JSON]["schema"]
    returned = inlined(answer).get("properties", {})
    for one in described["parameters"]:
        if one["in"] == "path" and one["name"] in returned:
            assert one["schema"]["type"] == returned[one["name"]]["type"], one["name"]


def test_every_tag_is_described_and_every_operation_has_one() -> None:
    described = {one["name"] for one in document()["tags"] if len(one["description"]) > 20}
    used = {
        tag
        for item in [*document()["paths"].values(), *document()["components"]["pathItems"].values()]
        for one in item.values()
        for tag in one["tags"]
    }
    assert used == described
    assert all(name[0].isupper() for name in used)


def test_it_says_which_server_and_whose_license() -> None:
    shown = document()
    assert shown["servers"][0]["url"]
    assert shown["info"]["license"]["name"]
    assert shown["info"]["contact"]["name"]


# --- What would go -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "operation",
    [one for one in all_operations() if asks_for_consent(one) and one.destructive],
    ids=lambda one: one.name,
)
def test_the_refusal_without_consent_is_what_is_described(operation: Operation, api: Api) -> None:
    assert impact_type(operation) is not None
    described = document()["paths"][f"/api/manage/v1{operation.path}"][operation.method.lower()]
    schema = inlined(described["responses"]["428"]["content"][PROBLEM]["schema"])

    answer = Rest().call(api, operation, all_samples()[operation.name](), confirm=False)

    assert answer.status == 428
    Draft202012Validator(schema).validate(answer.body)
    assert set(answer.body["impact"]) <= set(schema["properties"]["impact"]["properties"]) | {
        operation.viewset.lookup_name()
    }

"""The OpenAPI document as clients fetch it: cheap to poll, and also for older generators."""

import gzip
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from manage_api.openapi.document import document
from manage_api.openapi.older import as_older
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.test_errors import problem

pytestmark = pytest.mark.django_db
VERSIONS = ["/schema", "/schema?version=3.0"]


# --- Fetching it -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", VERSIONS)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_it_is_not_sent_again_to_whoever_has_it(path: str, encoding: str) -> None:
    first = Api().get(path, Accept_Encoding=encoding)
    etag = first.headers["ETag"]

    again = Api().get(path, Accept_Encoding=encoding, If_None_Match=etag)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "public, no-cache"
    assert Api().get(path, If_None_Match='"another"').status_code == 200


@pytest.mark.parametrize("path", VERSIONS)
def test_it_is_compressed_for_whoever_takes_that(path: str) -> None:
    plain, packed = Api().get(path), Api().get(path, Accept_Encoding="gzip")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 5


def test_the_two_versions_have_their_own_etags() -> None:
    assert len({Api().get(path).headers["ETag"] for path in VERSIONS}) == 2


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/vnd.oai.openapi+json"),
        ("application/json,*/*", "application/vnd.oai.openapi+json"),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
    ],
)
def test_it_comes_in_the_type_that_is_asked_for(accept: str, media_type: str) -> None:
    assert Api().get("/schema", Accept=accept).headers["Content-Type"] == media_type


@pytest.mark.parametrize("version", ["", "2.0", "3", "3.0.3", "4.0", "3.0%00", "x" * 10_000])
def test_a_version_that_there_is_not(version: str) -> None:
    [error] = problem(Api().get(f"/schema?version={version}"), 400, "validation_error")["errors"]
    assert (error["pointer"], error["code"]) == ("#/version", "invalid_choice")
    assert "3.1 and 3.0" in error["detail"]


def test_the_newer_version_can_be_named() -> None:
    assert Api().get("/schema?version=3.1").content == Api().get("/schema").content


# --- The older version -----------------------------------------------------------------------


def test_the_older_version_is_valid_and_has_every_operation() -> None:
    older = Api().get("/schema?version=3.0").json()

    OpenAPIV30SpecValidator(older).validate()
    assert older["openapi"] == "3.0.3"
    assert _ids(older) == _ids(document())
    assert older["components"]["schemas"].keys() == document()["components"]["schemas"].keys()


def _ids(whole: dict[str, Any]) -> set[str]:
    return {one["operationId"] for item in whole["paths"].values() for one in item.values()}


@each(
    ("newer", "older"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["null", "object"]}, {"type": "object", "nullable": True}),
        ({"type": "string"}, {"type": "string"}),
        ({"type": ["string", "integer"]}, {}),
        ({"const": "a", "type": "string"}, {"enum": ["a"], "type": "string"}),
        ({"examples": [1, 2]}, {"example": 1}),
        ({"$ref": "#/x"}, {"$ref": "#/x"}),
        ({"$ref": "#/x", "description": "y"}, {"allOf": [{"$ref": "#/x"}], "description": "y"}),
        ({"type": "string", "contentMediaType": "application/json"}, {"type": "string"}),
        ({"type": "object", "propertyNames": {"pattern": "x"}}, {"type": "object"}),
        # Names of properties, and values, are no words of the schema.
        (
            {"properties": {"const": {"type": ["string", "null"]}, "examples": {"const": 1}}},
            {
                "properties": {
                    "const": {"type": "string", "nullable": True},
                    "examples": {"enum": [1]},
                }
            },
        ),
        ({"example": {"const": 1, "type": ["a"]}}, {"example": {"const": 1, "type": ["a"]}}),
        ({"enum": [{"const": 1}]}, {"enum": [{"const": 1}]}),
        ({"items": [{"const": 1}]}, {"items": [{"enum": [1]}]}),
    ],
)
def test_each_word_is_said_as_the_older_version_says_it(newer: Any, older: Any) -> None:
    assert as_older(newer) == {**older, "openapi": "3.0.3"}


def test_what_the_older_version_has_no_words_for_goes() -> None:
    older = as_older(document())

    assert "webhooks" in document()
    assert "webhooks" not in older
    assert "pathItems" not in older["components"]
    assert older["info"]["license"] == {"name": document()["info"]["license"]["name"]}


def test_the_document_itself_stays_as_it_is() -> None:
    before = str(document())
    as_older(document())
    assert str(document()) == before

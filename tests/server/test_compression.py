"""Large answers of the API are compressed for those who take it, and their ETags still work."""

import gzip
from typing import Any

import pytest
from django.test import Client

from syteops.server.compression import LARGE, _compress_once, accepts_gzip
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

LONG = "A word and another one. " * 400


@pytest.fixture
def path(api: Api) -> str:
    note = api.post("/notes", {"title": "Meeting", "content": LONG}).json()
    return f"/notes/{note['id']}"


def get(api: Api, path: str, accepts: str = "gzip, deflate, br", **headers: str) -> Any:
    return api.get(path, Accept_Encoding=accepts, **headers)


def test_the_same_answer_in_fewer_bytes(api: Api, path: str) -> None:
    plain, packed = api.get(path), get(api, path)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 5
    for one in (plain, packed):
        assert "Accept-Encoding" in one.headers["Vary"]
    assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'


def test_its_etag_is_good_for_reading_again_and_for_writing(api: Api, path: str) -> None:
    etag = get(api, path).headers["ETag"]

    unchanged = get(api, path, If_None_Match=etag)
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (304, etag)
    assert unchanged.content == b""
    assert api.patch(path, {"title": "New"}, If_Match=etag).status_code == 200
    assert api.patch(path, {"title": "Newer"}, If_Match=etag).status_code == 412
    assert api.get(path).json()["title"] == "New"
    assert get(api, path, If_None_Match=etag).status_code == 200


def test_the_description_that_anybody_may_fetch_is_compressed_once(client: Client) -> None:
    before = _compress_once.cache_info().misses
    for _ in range(3):
        assert get(Api(client=client), "/schema").headers["Content-Encoding"] == "gzip"
    assert _compress_once.cache_info().misses <= before + 1
    assert _compress_once.cache_info().hits > 1


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity", False),
        ("notgzip", False),
        ("*", False),
        ("", False),
    ],
)
def test_who_takes_it(header: str, taken: bool) -> None:
    assert accepts_gzip(header) is taken


def test_small_answers_and_pages_for_people_stay_as_they_are(api: Api, client: Client) -> None:
    small = get(api, "/status")
    assert len(small.content) < LARGE
    assert "Content-Encoding" not in small.headers
    page = client.get("/admin/login/", headers={"Accept-Encoding": "gzip"})
    assert len(page.content) > LARGE
    assert "Content-Encoding" not in page.headers

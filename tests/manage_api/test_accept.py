"""Which media type an answer has: RFC 9110, section 12.5.1."""

from tests.each import each
from tests.fixtures import Api
from tests.manage_api.gets import GETS, url_of
from tests.manage_api.test_errors import problem

NOTHING = ["*/*;q=0", "*/*; q=0.000", "application/*;q=0, text/*;q=0", "image/png, */*;q=0"]


@each("name", GETS)
def test_no_header_an_empty_one_and_a_star_are_alike(api: Api, name: str) -> None:
    url = url_of(name)
    usual = api.get(url)
    for accept in ("", " ", ",", "*/*", "*/*;q=0.1", "image/png;q=0.9, */*;q=0.001"):
        answer = api.get(url, Accept=accept)
        assert answer.status_code == 200, accept
        assert answer.headers["Content-Type"] == usual.headers["Content-Type"]


@each("name", GETS)
def test_what_has_no_weight_is_not_answered(api: Api, name: str) -> None:
    url = url_of(name)
    for accept in NOTHING:
        problem(api.get(url, Accept=accept), 406, "not_acceptable")


@each(
    ("accept", "status"),
    [
        ("application/json;q=0", 406),
        ("application/json;q=0, */*", 406),  # the more specific one counts
        ("*/*;q=0, application/json", 200),
        ("*/*;q=0, application/*;q=0.1", 200),
        ("application/*;q=0, application/json;q=0.2", 200),
        ("APPLICATION/JSON", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json;indent=4;q=0.5", 200),
        ("application/json;q=nonsense", 200),
        ("application/problem+json", 406),
        ("nonsense", 406),
        (";q=1", 406),
        ("text/html," * 90 + "application/json", 200),
    ],
)
def test_weights_and_how_specific_they_are(api: Api, accept: str, status: int) -> None:
    assert api.get("/crm-systems", Accept=accept).status_code == status


def test_a_write_that_cannot_be_answered_is_not_done(api: Api) -> None:
    problem(api.post("/crm-systems", {"name": "x"}, Accept="*/*;q=0"), 406, "not_acceptable")
    assert api.get("/crm-systems").json()["crms"] == []


def test_types_without_end_are_not_read(api: Api) -> None:
    """Documents that are open to everybody took 50 ms to find a type for 60,000 characters."""
    problem(api.get("/crm-systems", Accept="*/*;q=0.1," * 200), 406, "not_acceptable")

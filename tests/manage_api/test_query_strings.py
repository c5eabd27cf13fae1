"""What stands in a query string is meant, or refused: at every address alike."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from manage_api.openapi.document import document
from syteops.lib.paths import OLDER_ROOT
from tests.each import each
from tests.fixtures import API, Api
from tests.manage_api.gets import FIXED, GETS, READS, url_of
from tests.manage_api.test_errors import problem


def refused(answer: Any) -> list[tuple[str, str]]:
    """The names refused, with the code of each."""
    errors = problem(answer, 400, "validation_error")["errors"]
    return [(one["pointer"].removeprefix("#/"), one["code"]) for one in errors]


# --- Unknown names ---------------------------------------------------------------------------


def test_the_addresses_walked_are_all_there_are() -> None:
    assert {API, f"{API}/", f"{API}/schema", f"{OLDER_ROOT}/dispatch/"} <= set(FIXED)
    assert "crm.list" in READS


@each("name", GETS)
def test_an_unknown_name_is_refused_by_every_read(api: Api, name: str) -> None:
    url = url_of(name)
    assert api.get(url).status_code == 200

    assert refused(api.get(f"{url}&no_such_name=1")) == [("no_such_name", "unknown_field")]
    assert refused(api.get(f"{url}&no_such=1&no_such=1")) == [("no_such", "invalid")]


@each("name", GETS)
def test_only_the_older_addresses_take_the_locale_of_their_tools(api: Api, name: str) -> None:
    answer = api.get(f"{url_of(name)}&_locale=user")

    if name.startswith("/wp-json/"):
        assert answer.status_code == 200
    else:
        assert refused(answer) == [("_locale", "unknown_field")]


def test_a_write_through_an_older_address_takes_the_locale_too(api: Api) -> None:
    body = {"resource": "crm", "action": "create", "params": {"name": "x"}}

    assert refused(api.post(f"{API}/dispatch?_locale=user", body)) == [("_locale", "unknown_field")]
    assert api.post(f"{OLDER_ROOT}/dispatch?_locale=user", body).json()["changed"] is True


def test_what_is_said_of_an_unknown_name_fits_the_method(api: Api) -> None:
    for answer, has_body in (
        (api.get("/whoami?x=1"), False),
        (api.post("/dispatch?x=1", {}), True),
        (api.post("/crm-systems?x=1", {}), True),
    ):
        detail = problem(answer, 400, "validation_error")["errors"][0]["detail"]
        assert ("Send it in the body." in detail) == has_body


# --- Older tools -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["manifest{}", "dispatch{}?resource=crm&action=list"])
def test_the_older_addresses_may_end_with_a_slash(api: Api, path: str) -> None:
    plain, slashed = (api.get(f"{OLDER_ROOT}/{path.format(end)}") for end in ("", "/"))

    assert slashed.json()["data"] == plain.json()["data"]
    problem(api.get(f"{API}/{path.format('/')}"), 404, "not_found")


def test_an_empty_list_is_no_params_there_as_php_writes_it(api: Api) -> None:
    body = {"resource": "crm", "action": "list", "params": []}

    for end in ("", "/"):
        answer = api.post(f"{OLDER_ROOT}/dispatch{end}", body)
        assert answer.json()["data"]["crms"] == []
    assert refused(api.post("/dispatch", body)) == [("params", "invalid")]
    wrongs: list[Any] = [[{}], [1], "", 0, False, None]
    for wrong in wrongs:
        answer = api.post(f"{OLDER_ROOT}/dispatch", {**body, "params": wrong})
        assert refused(answer) == [("params", "invalid")], wrong
    assert refused(api.post(f"{OLDER_ROOT}/dispatch", [])) == [("#", "invalid")]


# --- Params of a read through dispatch -------------------------------------------------------


def listed(api: Api, *pairs: tuple[str, str], resource: str = "users", action: str = "list") -> Any:
    named = [("resource", resource), ("action", action), *pairs]
    return api.get(f"/dispatch?{urlencode(named)}")


@pytest.fixture
def two_members(api: Api) -> None:
    for name in ("Ada", "Grace"):
        assert api.post("/team-members", {"first_name": name}).status_code == 201


@pytest.mark.usefixtures("two_members")
@pytest.mark.parametrize(
    "pairs",
    [
        [("search", "grace"), ("per_page", "1")],
        [("params", '{"search": "grace", "per_page": 1}')],
        [("params", '{"search": "grace", "per_page": "1"}')],
        [("params[search]", "grace"), ("params[per_page]", "1")],
        [("params", '{"search": "grace"}'), ("per_page", "1")],
        [("params[search]", "grace"), ("params", '{"per_page": 1}')],
        [("search", "grace"), ("params[per_page]", "1"), ("params", "{}")],
    ],
)
def test_params_come_in_each_form_that_tools_write(api: Api, pairs: list[tuple[str, str]]) -> None:
    data = listed(api, *pairs).json()["data"]

    assert [one["first_name"] for one in data["users"]] == ["Grace"]
    assert data["per_page"] == 1


@pytest.mark.usefixtures("two_members")
@pytest.mark.parametrize(
    "pair", [("user_num", "002"), ("params", '{"user_num": "002"}'), ("params[user_num]", "002")]
)
def test_what_the_path_names_can_be_in_params_too(api: Api, pair: tuple[str, str]) -> None:
    assert listed(api, pair, action="get").json()["data"]["first_name"] == "Grace"


@pytest.mark.usefixtures("two_members")
def test_inside_params_a_name_is_the_operations_own(api: Api) -> None:
    """`resource` beside them names the operation; the trail's filter has the same name."""
    for params in (("params", '{"resource": "users"}'), ("params[resource]", "users")):
        entries = listed(api, params, resource="audit").json()["data"]["entries"]
        assert {one["resource"] for one in entries} == {"users"}


def test_the_document_says_what_a_read_through_dispatch_takes_and_answers() -> None:
    """Of a string, every generator makes a plain parameter."""
    described = document()["paths"][f"{API}/dispatch"]["get"]
    parameters = {one["name"]: one for one in described["parameters"]}

    assert parameters["params"]["schema"] == {
        "type": "string",
        "contentMediaType": "application/json",
    }
    assert not parameters["params"].get("required")
    assert {"200", "304", "400", "404", "406"} <= described["responses"].keys()
    assert described["responses"]["304"]["headers"]["ETag"]


@pytest.mark.usefixtures("two_members")
def test_what_is_known_already_is_not_sent_again_in_whichever_form_it_is_asked_for(
    api: Api,
) -> None:
    etag = listed(api, ("search", "grace")).headers["ETag"]

    for pair in (("params", '{"search": "grace"}'), ("params[search]", "grace")):
        named = urlencode([("resource", "users"), ("action", "list"), pair])
        again = api.get(f"/dispatch?{named}", If_None_Match=etag)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert listed(api).status_code == 200


MEGABYTE = "x" * 1_000_000


@each(
    ("pairs", "name", "code"),
    [
        # Not an object, or not JSON that two readers understand alike.
        ([("params", "[]")], "params", "invalid"),
        ([("params", "")], "params", "invalid"),
        ([("params", "null")], "params", "invalid"),
        ([("params", '"search"')], "params", "invalid"),
        ([("params", "{search: 1}")], "params", "invalid"),
        ([("params", '{"page": NaN}')], "params", "invalid"),
        ([("params", '{"search": "a", "search": "b"}')], "params", "invalid"),
        ([("params", '{"search": "\\ud800"}')], "params", "invalid"),
        ([("params", '{"a":' * 40 + "1" + "}" * 40)], "params", "invalid"),
        ([("params", "[" * 100_000)], "params", "invalid"),
        # Twice, in whichever forms: which one would count?
        ([("params", "{}"), ("params", "{}")], "params", "invalid"),
        ([("search", "a"), ("search", "a")], "search", "invalid"),
        ([("search", "a"), ("params[search]", "a")], "search", "invalid"),
        ([("search", "a"), ("params", '{"search": "a"}')], "search", "invalid"),
        ([("params[search]", "a"), ("params", '{"search": "a"}')], "search", "invalid"),
        ([("params[search]", "a"), ("params[search]", "b")], "params[search]", "invalid"),
        # Brackets that name nothing, or something inside of something.
        ([("params[]", "a")], "params[]", "invalid"),
        ([("params[", "a")], "params[", "invalid"),
        ([("params[search", "a")], "params[search", "invalid"),
        ([("params[search]x", "a")], "params[search]x", "invalid"),
        ([("params[search][x]", "a")], "params[search][x]", "invalid"),
        ([("params[[search]]", "a")], "params[[search]]", "invalid"),
        # What the operation does not take, or not so.
        ([("params", '{"no_such": 1}')], "no_such", "unknown_field"),
        ([("params", '{"params": {}}')], "params", "unknown_field"),
        ([("params[params]", "{}")], "params", "unknown_field"),
        ([("param[search]", "a")], "param[search]", "unknown_field"),
        ([("params", '{"page": [1]}')], "page", "invalid"),
        ([("params", '{"search": {"a": 1}}')], "search", "invalid"),
        # Much of it.
        ([("params", MEGABYTE)], "params", "invalid"),
        ([("params", f'{{"search": "{MEGABYTE}"}}')], "search", "too_long"),
        ([(f"params[{MEGABYTE}", "a")], f"params[{'x' * 1990}…", "invalid"),
        ([(f"params{'[' * 1_000_000}", "a")], f"params{'[' * 1991}…", "invalid"),
    ],
)
def test_params_that_cannot_be_meant_are_refused(
    api: Api, pairs: list[tuple[str, str]], name: str, code: str
) -> None:
    assert refused(listed(api, *pairs)) == [(name, code)]


def test_a_read_with_params_writes_nothing_either(api: Api) -> None:
    params = ("params", json.dumps({"name": "x"}))
    problem(listed(api, params, action="create"), 405, "method_not_allowed")

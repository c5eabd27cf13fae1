"""Lost updates: ETag, If-Match and If-None-Match (RFC 9110), in one process.

That they hold between processes is shown in tests/concurrency.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from manage_api import concurrency
from manage_api.concurrency import etag_of_data
from manage_api.operations import find
from syteops.audit.models import AuditEntry
from syteops.crm.models import CrmSystem
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.stored import stored


@pytest.fixture
def etag(api: Api) -> str:
    """The ETag of a CRM system, number 001."""
    api.post("/crm-systems", {"name": "HubSpot"})
    return str(api.get("/crm-systems/001").headers["ETag"])


def test_a_read_names_its_state_and_the_name_changes_with_it(api: Api, etag: str) -> None:
    assert etag == api.get("/crm-systems/001").headers["ETag"]
    assert etag.startswith('"')

    api.patch("/crm-systems/001", {"name": "Zoho"})

    assert api.get("/crm-systems/001").headers["ETag"] != etag


def test_lists_have_one_too(api: Api, etag: str) -> None:
    first = api.get("/crm-systems").headers["ETag"]
    assert api.get("/crm-systems", If_None_Match=first).status_code == 304

    api.post("/crm-systems", {"name": "Zoho"})

    assert api.get("/crm-systems", If_None_Match=first).status_code == 200


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "{},\t{}", "*", '"x,y" , W/{}'])
def test_what_the_caller_has_is_not_sent_again(api: Api, etag: str, form: str) -> None:
    answer = api.get("/crm-systems/001", If_None_Match=form.replace("{}", etag))

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert "Content-Type" not in answer.headers


def test_nobody_can_guess_a_record_from_its_etag(
    api: Api, etag: str, settings: Settings, make_key: Callable[..., str]
) -> None:
    """Shown to who may not read it: of a mere digest few possible values could be tried out."""
    shown = Api(make_key("crm:write")).patch("/crm-systems/001", {"url": ""}, If_Match='"x"')
    assert (shown.status_code, shown.headers["ETag"]) == (412, etag)
    body, told = api.get("/crm-systems/001").content, etag.strip('"')
    known = {hashlib.new(name, body).digest() for name in ("md5", "sha1", "sha256", "blake2b")}
    known |= {hashlib.blake2b(body, digest_size=16).digest()}
    assert not any(one.hex().startswith(told[:16]) for one in known)

    concurrency._etag_mac.cache_clear()  # another process, or the next start
    assert api.get("/crm-systems/001").headers["ETag"] == etag

    settings.SECRET_KEY = "another-" * 8
    assert api.get("/crm-systems/001", If_None_Match=etag).status_code == 200
    new = api.get("/crm-systems/001").headers["ETag"]
    assert new != etag
    assert api.patch("/crm-systems/001", {"name": "Zoho"}, If_Match=new).status_code == 200


NO_TAGS = [
    *("", "garbage", '"', "W/", "w/{}", "x{}", "{}x", "W/ {}", "{} {}", '"x" {}', '"a b", {}'),
    *("{},garbage", "*, {}", "{}, *", "**", '"x"; {}', ","),
]


@each("form", ['"x"', *NO_TAGS])
def test_anything_else_is_sent(api: Api, etag: str, form: str) -> None:
    form = form.replace("{}", etag)
    assert api.get("/crm-systems/001", If_None_Match=form).status_code == 200


def test_head_says_the_same_without_a_body(api: Api, etag: str) -> None:
    full, head = (api.call(method, "/crm-systems/001") for method in ("GET", "HEAD"))

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == full.headers["ETag"] == etag
    assert head.headers["Content-Length"] == full.headers["Content-Length"]
    assert api.call("HEAD", "/crm-systems/001", If_None_Match=etag).status_code == 304
    assert api.call("HEAD", "/crm-systems/099").status_code == 404


def test_a_write_that_saw_the_current_state_goes_through(api: Api, etag: str) -> None:
    answer = api.patch("/crm-systems/001", {"name": "Zoho"}, If_Match=etag)

    assert answer.status_code == 200
    assert answer.headers["ETag"] == api.get("/crm-systems/001").headers["ETag"] != etag


@each("form", [*NO_TAGS, '"stale", "{}"'])
@each("header", ["If-Match", "If-None-Match"])
def test_a_precondition_of_another_form_is_refused(
    api: Api, etag: str, header: str, form: str
) -> None:
    """Misread, it would let a write through that its sender wanted to be stopped."""
    before = stored()

    answer = api.patch("/crm-systems/001", {"name": "Zoho"}, **{header: form.replace("{}", etag)})

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert header in answer.json()["detail"]
    assert stored() == before


@pytest.mark.parametrize("form", ["{}", '"x", {}', ' , "x" ,, {},', '"\xe4" ,\t{}'])
def test_the_current_tag_may_stand_anywhere_in_the_list(api: Api, etag: str, form: str) -> None:
    form = form.replace("{}", etag)

    assert api.patch("/crm-systems/001", {"name": "x"}, If_None_Match=form).status_code == 412
    assert api.patch("/crm-systems/001", {"name": "x"}, If_Match=form).status_code == 200


def test_a_weak_tag_says_that_there_is_such_a_state(api: Api, etag: str) -> None:
    """If-None-Match compares weakly (RFC 9110, section 13.1.2)."""
    answer = api.patch("/crm-systems/001", {"name": "x"}, If_None_Match=f"W/{etag}")

    assert answer.status_code == 412
    assert CrmSystem.objects.get().name == "HubSpot"


@pytest.mark.parametrize("form", ['"stale"', "W/{}", '"stale", W/{}'])
def test_a_write_that_saw_another_state_does_not(api: Api, etag: str, form: str) -> None:
    """Weak tags do not count here: they promise less than a write needs."""
    before = stored()

    for call in (api.patch, api.dispatch):
        if call == api.patch:
            answer = call("/crm-systems/001", {"name": "Zoho"}, If_Match=form.replace("{}", etag))
        else:
            params = {"crm_num": "001", "name": "Zoho"}
            body = {"resource": "crm", "action": "update", "params": params}
            answer = api.post("/dispatch", body, If_Match=form.replace("{}", etag))
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert answer.json()["current_etag"] == answer.headers["ETag"] == etag
    assert stored() == before


def test_a_header_of_the_wrong_form_is_refused_by_dispatch_of_a_read_too(api: Api) -> None:
    body = {"resource": "crm", "action": "list"}

    for name, right in (("If-Match", '"x"'), ("Idempotency-Key", "x")):
        header = name.replace("-", "_")
        answer = api.post("/dispatch", body, **{header: ""})
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
        assert name in answer.json()["detail"]
        assert api.post("/dispatch", body, **{header: right}).status_code == 200


def test_every_kind_of_write_is_guarded(api: Api, etag: str) -> None:
    api.patch("/crm-systems/001", {"name": "Zoho"})
    before = stored()

    for answer in (
        api.delete("/crm-systems/001?confirm=true", If_Match=etag),
        api.put("/crm-systems/001/secret", {"api_key": "k-1"}, If_Match=etag),
        api.delete("/crm-systems/001/secret?api_key=true&confirm=true", If_Match=etag),
        api.patch("/crm-systems/001", {"name": "x"}, If_Match=etag),
        api.patch("/crm-systems/001?dry_run=true", {"name": "x"}, If_Match=etag),
    ):
        assert answer.status_code == 412
    assert stored() == before


def test_the_precondition_is_checked_before_anything_else_is_said(api: Api, etag: str) -> None:
    """A caller with an old state must read again, whatever else its request lacks."""
    assert api.delete("/crm-systems/001", If_Match='"old"').status_code == 412
    assert api.delete("/crm-systems/001", If_Match=etag).status_code == 428
    assert api.patch("/crm-systems/001", {"nme": "x"}, If_Match='"old"').status_code == 412


def test_a_star_means_any_state_but_there_must_be_one(api: Api, etag: str) -> None:
    assert api.patch("/crm-systems/001", {"name": "Zoho"}, If_Match="*").status_code == 200
    assert api.patch("/crm-systems/099", {"name": "Zoho"}, If_Match="*").status_code == 412


def test_none_match_with_a_star_means_only_if_there_is_none(api: Api, etag: str) -> None:
    answer = api.patch("/crm-systems/001", {"name": "Zoho"}, If_None_Match="*")

    assert answer.status_code == 412
    assert CrmSystem.objects.get().name == "HubSpot"


def test_where_nothing_can_be_read_no_state_can_be_known(api: Api) -> None:
    """To ignore If-Match there would promise a safety that does not exist."""
    answer = api.post("/crm-systems", {"name": "Zoho"}, If_Match='"any"')

    assert (answer.status_code, answer.json()["current_etag"]) == (412, None)
    assert "no ETag to compare" in answer.json()["detail"]
    assert not CrmSystem.objects.exists()
    assert api.post("/crm-systems", {"name": "Zoho"}, If_None_Match="*").status_code == 201


@pytest.mark.parametrize("form", ["*", '"any"'])
def test_every_operation_without_an_etag_says_so(api: Api, etag: str, form: str) -> None:
    entry = AuditEntry.objects.get(event="crm_system.created").pk
    item = {"action": "create", "params": {"name": "x"}}
    before = stored()

    for path, body in (
        (f"/audit/{entry}/revert?confirm=true", None),
        ("/team-members/restore", {"id": 1}),
        ("/crm-systems/bulk", {"items": [item]}),
        ("/notes", {"title": "x"}),
    ):
        answer = api.post(path, body, If_Match=form)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert answer.json()["detail"].endswith("Send it without If-Match.")
    assert stored() == before
    gone = api.patch("/crm-systems/099", {"name": "x"}, If_Match=form).json()
    assert "There is no such object." in gone["detail"]


def test_a_guarding_read_that_fails_is_no_stale_state(
    api: Api, etag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered 412, its caller would read, repeat, and fail for ever, and nobody would be told."""
    before, reader = stored(), find("crm", "get")
    assert reader is not None

    def fail(*args: Any, **named: Any) -> None:
        raise RuntimeError("something broke")

    with monkeypatch.context() as patched:
        patched.setattr(reader.viewset, reader.endpoint, fail)
        answer = api.patch("/crm-systems/001", {"name": "Zoho"}, If_Match=etag)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "something broke" not in answer.content.decode()
    assert stored() == before


def test_what_a_secret_is_does_not_show_but_that_it_changed_does(api: Api, etag: str) -> None:
    api.put("/crm-systems/001/secret", {"api_key": "first"})
    first = api.get("/crm-systems/001").headers["ETag"]
    api.put("/crm-systems/001/secret", {"api_key": "other"})

    assert len({etag, first, api.get("/crm-systems/001").headers["ETag"]}) == 3


@given(st.dictionaries(st.text(st.characters(codec="ascii")), st.integers(-9, 9)))
def test_equal_data_has_an_equal_tag_and_other_data_another(data: dict[str, Any]) -> None:
    assert etag_of_data(data) == etag_of_data(dict(data))
    assert etag_of_data({**data, "more": "1"}) != etag_of_data(data)

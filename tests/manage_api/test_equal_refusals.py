"""A 401 tells nothing: not whether a key exists, was revoked, or whether there ever was one.

Not by the answer, and not by the work it takes. `benchmarks/unauthorized.py` measures the time.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from manage_api.keys import services, tokens, verification
from manage_api.keys.models import ManageKey
from syteops.core.actors import SYSTEM
from syteops.core.encryption import KeyRing
from tests.fixtures import Api
from tests.manage_api.faces import forgery_of

pytestmark = pytest.mark.django_db

ADDRESSES = [
    ("GET", "/", None),
    ("GET", "/whoami", None),
    ("GET", "/manifest", None),
    ("GET", "/crm-systems/001", None),
    ("GET", "/no/such/address", None),
    ("POST", "/crm-systems", {"name": "Mine"}),
    ("POST", "/dispatch", {"resource": "crm", "action": "list"}),
    ("POST", "/dispatch", {"resource": "no", "action": "such"}),
    ("DELETE", "/crm-systems/001?confirm=true", None),
]
Credentials = dict[str, dict[str, str]]


def credentials() -> Credentials:
    """Every way of not being let in, and the headers that go with it."""
    issued = services.create_restricted_key(SYSTEM, name="Good", scopes=["crm:read"])
    revoked = services.create_restricted_key(SYSTEM, name="Revoked", scopes=["crm:read"])
    services.revoke_key(SYSTEM, revoked.key)
    replaced = services.create_restricted_key(SYSTEM, name="Replaced", scopes=["crm:read"])
    services.rotate_key(SYSTEM, replaced.key)
    altered = services.create_restricted_key(SYSTEM, name="Altered", scopes=["crm:read"])
    ManageKey.objects.filter(pk=altered.key.pk).update(scopes=["crm:read", "users:read"])
    yesterday = timezone.now() - timedelta(days=1)
    expired = services.create_restricted_key(
        SYSTEM, name="Expired", scopes=["crm:read"], expires_at=yesterday
    )
    return {
        "no key": {},
        "garbage": {"X_API_Key": "garbage"},
        "two different keys": {"X_API_Key": issued.text, "Authorization": "Bearer x"},
        "another scheme": {"Authorization": f"Basic {issued.text}"},
        **{name: {"X_API_Key": key} for name, key in well_formed(issued.text).items()},
        "revoked": {"X_API_Key": revoked.text},
        "revoked, as bearer": {"Authorization": f"Bearer {revoked.text}"},
        "revoked, wrong secret": {"X_API_Key": forgery_of(revoked.text)},
        "expired, wrong secret": {"X_API_Key": forgery_of(expired.text)},
        "replaced": {"X_API_Key": replaced.text},
        "altered": {"X_API_Key": altered.text},
        "altered, wrong secret": {"X_API_Key": forgery_of(altered.text)},
    }


def well_formed(good: str) -> dict[str, str]:
    return {"unknown id": tokens.new_token().text, "wrong secret": forgery_of(good)}


def told(method: str, path: str, body: Any, headers: dict[str, str]) -> str:
    """All that the caller is told, but for the request's id."""
    response = Api().call(method, path, body, **headers)
    assert response.status_code == 401
    content = {name: value for name, value in response.json().items() if name != "request_id"}
    fields = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return json.dumps([fields, content], sort_keys=True)


@pytest.mark.parametrize(("method", "path", "body"), ADDRESSES)
def test_answers_do_not_differ(method: str, path: str, body: Any) -> None:
    never_generated = told(method, path, body, {"X_API_Key": tokens.new_token().text})
    assert told(method, path, body, {}) == never_generated
    for name, headers in credentials().items():
        assert told(method, path, body, headers) == never_generated, name


def test_a_closed_api_tells_strangers_nothing_either() -> None:
    found = credentials()
    before = {name: told("GET", "/whoami", None, headers) for name, headers in found.items()}
    services.set_api_enabled(SYSTEM, False)
    after = {name: told("GET", "/whoami", None, headers) for name, headers in found.items()}
    assert before == after


# --- The work ----------------------------------------------------------------------------------


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cryptographic operations that were done, in order."""
    done: list[str] = []

    def counting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            done.append(name)
            return original(*args)

        return counted

    monkeypatch.setattr(KeyRing, "open", counting("decrypt", KeyRing.open))
    compare = counting("compare", constant_time_compare)
    monkeypatch.setattr(verification, "constant_time_compare", compare)
    monkeypatch.setattr("hashlib.sha256", counting("hash", hashlib.sha256))
    return done


def work_of(key: str, work: list[str]) -> tuple[list[str], list[str]]:
    """The statements and the cryptography that it takes to refuse a key."""
    Api(tokens.new_token().text).get("/whoami")  # what a process does once is done
    work.clear()
    with CaptureQueriesContext(connection) as queries:
        assert Api(key).get("/whoami").status_code == 401
    return [one["sql"].replace(key[4:16], "…") for one in queries], list(work)


def test_the_work_does_not_differ(work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "after_answer", lambda job: None)  # a thread does it later
    never_generated = work_of(tokens.new_token().text, work)
    assert len(never_generated[0]) == 1
    assert sorted(set(never_generated[1])) == ["compare", "decrypt", "hash"]
    wanted = (
        "unknown id", "wrong secret", "revoked", "revoked, wrong secret", "replaced", "altered",
    )  # fmt: skip
    found = credentials()
    for name in wanted:
        assert work_of(found[name]["X_API_Key"], work) == never_generated, name


def test_a_key_that_was_let_in_before_is_refused_with_no_less_work(
    work: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "after_answer", lambda job: None)  # as above
    never_generated = work_of(tokens.new_token().text, work)
    issued = services.create_restricted_key(SYSTEM, name="Good", scopes=["crm:read"])
    for _ in range(2):
        assert Api(issued.text).get("/whoami").status_code == 200
    assert work_of(forgery_of(issued.text), work) == never_generated
    services.revoke_key(SYSTEM, issued.key)
    assert work_of(issued.text, work) == never_generated


def test_no_key_at_all_takes_as_much_work_as_a_wrong_one(work: list[str]) -> None:
    statements, cryptography = work_of(tokens.new_token().text, work)
    work.clear()

    with CaptureQueriesContext(connection) as queries:
        assert Api().get("/whoami").status_code == 401

    assert len(queries) == len(statements) == 1
    assert sorted(work) == sorted(cryptography)


def test_what_is_noted_of_a_revoked_key_is_left_until_after_the_answer(
    revoked_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Callable[[], object]] = []
    monkeypatch.setattr(verification, "after_answer", left.append)
    with CaptureQueriesContext(connection) as queries:
        Api(revoked_key).get("/whoami")
    assert all(one["sql"].startswith("SELECT") for one in queries)
    assert len(left) == 1


def test_a_stored_verifier_that_does_not_open_looks_like_any_wrong_key(site_key: str) -> None:
    stranger = told("GET", "/whoami", None, {})
    other = services.create_restricted_key(SYSTEM, name="Other", scopes=["crm:read"])
    ManageKey.objects.filter(kind="site").update(verifier=other.key.verifier)
    assert told("GET", "/whoami", None, {"X_API_Key": site_key}) == stranger

"""Every operation of the registry, over REST and through dispatch, called rightly and wrongly.

Whatever the answer says, what is stored is compared with what was stored before, table by table.
An operation is walked from the moment it is declared; without a sample it fails.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone
from jsonschema import Draft202012Validator

from manage_api.keys import services
from manage_api.openapi import operation_schemas
from manage_api.operations import Operation, all_operations, all_scopes, find, reader_of
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from tests.fixtures import Api
from tests.manage_api.faces import FACES, Answer, Face, as_person, forgery_of
from tests.manage_api.stored import changes_recorded, refusals, stored
from tests.samples import Sample, all_samples

OPERATIONS = all_operations()
SAMPLES = all_samples()
WRITES = [one for one in OPERATIONS if one.writes]
Key = Callable[..., str]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]


def each(operations: list[Operation]) -> Callable[[Any], Any]:
    """Over both faces of each operation."""

    def apply(test: Any) -> Any:
        named = pytest.mark.parametrize("operation", operations, ids=lambda one: one.name)
        return named(pytest.mark.parametrize("face", FACES.values(), ids=FACES)(test))

    return apply


@pytest.fixture
def sample(operation: Operation) -> Sample:
    return SAMPLES[operation.name]()


def needed(operation: Operation, sample: Sample) -> list[Operation]:
    """The operation, and those that it carries out by the way."""
    found = [find(*name.split(".")) for name in sample.also]
    assert None not in found
    return [operation, *(one for one in found if one)]


def refused(answer: Answer, status: int, code: str, before: object) -> None:
    """The answer is this problem, in the one shape, and nothing was touched."""
    assert (answer.status, answer.code) == (status, code), answer.body
    assert answer.response.headers["Content-Type"] == "application/problem+json"
    assert answer.body["request_id"] == answer.response.headers["X-Request-ID"]
    assert answer.body["status"] == status
    assert stored() == before


def done(answer: Answer, operation: Operation, before: object) -> None:
    """The answer is success, and it tells the truth about what is stored."""
    assert answer.is_success, answer.body
    assert answer.changed == (stored() != before)
    if not operation.writes:
        assert not answer.changed


def test_every_operation_has_a_sample() -> None:
    assert {one.name for one in OPERATIONS} == set(SAMPLES)


# --- Keys ----------------------------------------------------------------------------------


@each(OPERATIONS)
def test_strangers_get_the_same_401(
    operation: Operation, face: Face, sample: Sample, make_key: Key, revoked_key: str
) -> None:
    real = make_key(operation.scope)
    replaced = real[:-1] + ("A" if real[-1] != "A" else "B")
    before = stored()
    bodies = []

    for key in (None, "", "garbage", replaced, forgery_of(real), revoked_key):
        answer = (
            face.call(Api(), operation, sample, X_API_Key=key)
            if key is not None
            else (face.call(Api(), operation, sample))
        )
        refused(answer, 401, "not_authenticated", before)
        assert answer.response.headers["WWW-Authenticate"].startswith("Bearer")
        bodies.append({n: v for n, v in answer.body.items() if n != "request_id"})

    assert all(body == bodies[0] for body in bodies)
    assert not refusals() or {one.object_resource for one in refusals()} == {"keys"}


@each(OPERATIONS)
def test_an_expired_key_is_refused(
    operation: Operation, face: Face, sample: Sample, make_key: Key
) -> None:
    key = make_key(operation.scope, expires_at=timezone.now() - timedelta(days=1))
    before = stored()

    refused(face.call(Api(key), operation, sample), 401, "key_expired", before)


@each(OPERATIONS)
def test_every_other_scope_does_not_help(
    operation: Operation, face: Face, sample: Sample, make_key: Key
) -> None:
    key = make_key(*(scope for scope in all_scopes() if scope != operation.scope))
    before = stored()

    answer = face.call(Api(key), operation, sample)

    refused(answer, 403, "insufficient_scope", before)
    assert answer.body["scope"] == operation.scope
    assert f'scope="{operation.scope}"' in answer.response.headers["WWW-Authenticate"]
    assert [one.operation for one in refusals()] == [operation.name]


@each(OPERATIONS)
def test_exactly_its_scope_is_enough(
    operation: Operation, face: Face, sample: Sample, make_key: Key
) -> None:
    key = make_key(*{one.scope for one in needed(operation, sample)})
    before = stored()

    answer = face.call(Api(key), operation, sample)

    done(answer, operation, before)
    assert answer.changed == (operation.writes and sample.changes)


@each(OPERATIONS)
def test_a_disabled_api_refuses_a_good_key(
    operation: Operation, face: Face, sample: Sample, site_key: str
) -> None:
    services.set_api_enabled(SYSTEM, False)
    before = stored()

    refused(face.call(Api(site_key), operation, sample), 403, "api_disabled", before)


@each([one for one in OPERATIONS if one.module])
def test_an_inactive_module_takes_its_operations_away(
    operation: Operation, face: Face, sample: Sample, api: Api, monkeypatch: Any
) -> None:
    monkeypatch.setattr("manage_api.permissions.inactive_modules", lambda: {operation.module})
    before = stored()

    refused(face.call(api, operation, sample), 404, "module_inactive", before)


# --- People --------------------------------------------------------------------------------


@each(OPERATIONS)
def test_alice_may_do_everything(
    operation: Operation, face: Face, sample: Sample, alice: User
) -> None:
    person = as_person(alice)
    before = stored()

    done(face.call(person, operation, sample), operation, before)


@each(OPERATIONS)
def test_bob_may_do_what_his_permissions_say(
    operation: Operation, face: Face, sample: Sample, bob: User
) -> None:
    bob.user_permissions.set(permission_of(one) for one in needed(operation, sample))
    person = as_person(bob)
    before = stored()

    done(face.call(person, operation, sample), operation, before)


@each(OPERATIONS)
def test_bob_may_not_do_what_they_leave_out(
    operation: Operation, face: Face, sample: Sample, bob: User
) -> None:
    bob.user_permissions.set(Permission.objects.exclude(pk=permission_of(operation).pk))
    person = as_person(bob)
    before = stored()

    answer = face.call(person, operation, sample)

    refused(answer, 403, "permission_denied", before)
    assert answer.body["permission"] == operation.permission
    assert [one.operation for one in refusals()] == [operation.name]


@each(OPERATIONS)
def test_charlie_may_do_nothing(
    operation: Operation, face: Face, sample: Sample, charlie: User
) -> None:
    charlie.user_permissions.set([permission_of(operation)])  # not staff: it counts for nothing
    person = as_person(charlie)
    before = stored()

    refused(face.call(person, operation, sample), 403, "permission_denied", before)


@each([one for one in WRITES if one.method != "GET"])
def test_a_session_without_its_csrf_token_writes_nothing(
    operation: Operation, face: Face, sample: Sample, alice: User
) -> None:
    person = as_person(alice)
    before = stored()

    answer = face.call(person, operation, sample, X_CSRFToken="b" * 32)

    refused(answer, 403, "permission_denied", before)


def permission_of(operation: Operation) -> Permission:
    app, _, codename = operation.permission.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


# --- Wrong calls -----------------------------------------------------------------------------


@each(OPERATIONS)
def test_a_missing_object_is_not_found(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    if sample.missing is None:
        names_one = operation.path_params and operation.method != "PUT"  # PUT may create it
        assert not names_one, "say in the sample which object is missing"
        return
    before = stored()

    for path in (sample.missing, dict.fromkeys(sample.missing, "no\x00such\nthing")):
        wrong = Sample({**sample.path, **path}, sample.params)
        if face is FACES["dispatch"] and "\x00" in "".join(path.values()):
            continue  # its body is refused before anybody looks for the object
        refused(face.call(api, operation, wrong), 404, "not_found", before)


@each(OPERATIONS)
def test_bad_input_is_refused_and_named(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    wrong = Sample(sample.path, {"no_such_field": 1} if sample.bad is None else sample.bad)
    before = stored()

    answer = face.call(api, operation, wrong)

    refused(answer, 400, "validation_error", before)
    assert answer.body["errors"]
    assert all(one.startswith(face.pointer) for one in answer.pointers())
    assert all(error["detail"] and error["code"] for error in answer.body["errors"])


@each(OPERATIONS)
def test_an_unknown_field_is_refused_and_named(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    wrong = Sample(sample.path, {**sample.params, "no_such_field": 1})
    before = stored()

    answer = face.call(api, operation, wrong)

    refused(answer, 400, "validation_error", before)
    found = {(error["pointer"], error["code"]) for error in answer.body["errors"]}
    assert (f"{face.pointer}/no_such_field", "unknown_field") in found


@each([one for one in OPERATIONS if one.destructive])
def test_destruction_asks_first_and_says_what_would_go(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    before = stored()

    answer = face.call(api, operation, sample, confirm=False)

    refused(answer, 428, "confirmation_required", before)
    assert answer.body["impact"]
    assert isinstance(answer.body["impact"], dict)


# --- Right calls -----------------------------------------------------------------------------


@each(WRITES)
def test_repeating_a_write_changes_nothing_more(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    face.call(api, operation, sample)
    before = stored()

    again = face.call(api, operation, sample)

    if again.is_success:
        assert again.changed == (stored() != before)
        assert not again.changed or creates(operation, sample)
    else:
        assert again.status in (404, 409), again.body
        assert stored() == before


def creates(operation: Operation, sample: Sample) -> bool:
    """A second call makes a second object."""
    return any(one.status == 201 for one in needed(operation, sample))


@each(WRITES)
def test_a_dry_run_answers_alike_and_stores_nothing(
    operation: Operation, face: Face, sample: Sample, api: Api, frozen_time: None
) -> None:
    before, recorded = stored(), changes_recorded()

    tried, twice = (
        face.call(api, operation, sample, confirm=False, dry_run=True) for _ in range(2)
    )

    assert tried.status == 200, tried.body
    assert stored() == before
    assert changes_recorded() == recorded
    assert tried.body["dry_run"] is True
    assert bool(tried.body["changes"]) == tried.changed == sample.changes
    assert tried.response.headers["SyteOps-Changed"] == "false"
    if operation.destructive:
        assert tried.body["impact"]
    real = face.call(api, operation, sample)
    assert alike(tried.data, twice.data, real.data)


@each(WRITES)
def test_a_retry_is_answered_alike_and_has_no_second_effect(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    first = face.call(api, operation, sample, Idempotency_Key="retry-1")
    before, recorded = stored(), changes_recorded()

    again = face.call(api, operation, sample, Idempotency_Key="retry-1")

    assert (again.status, again.data, again.changed) == (first.status, first.data, first.changed)
    assert again.response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.response.headers
    assert (stored(), changes_recorded()) == (before, recorded)


@each(WRITES)
def test_a_stale_etag_stops_a_write(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    before = stored()

    answer = face.call(api, operation, sample, If_Match='"stale"')

    refused(answer, 412, "precondition_failed", before)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_both_faces_do_the_same(
    operation: Operation, sample: Sample, api: Api, frozen_time: None
) -> None:
    unknown = Sample(sample.path, {**sample.params, "no_such_field": 1})
    bad = Sample(sample.path, unknown.params if sample.bad is None else sample.bad)
    rest, dispatch = FACES["rest"], FACES["dispatch"]

    for called, confirm in ((sample, True), (sample, False), (unknown, True), (bad, True)):
        once, twice, other = (
            _outcome(face, api, operation, called, confirm) for face in (rest, rest, dispatch)
        )
        assert alike(once, twice, other), (once, other)


def _outcome(face: Face, api: Api, operation: Operation, sample: Sample, confirm: bool) -> Any:
    """What the call says and does, undone again."""
    last = AuditEntry.objects.order_by("pk").last()
    with transaction.atomic():
        answer = face.call(api, operation, sample, confirm=confirm)
        entries = AuditEntry.objects.filter(pk__gt=last.pk if last else 0).order_by("pk")
        effects = [(e.event, e.operation, e.object_id, e.code, e.changes) for e in entries]
        transaction.set_rollback(True)
    said = {"changed": answer.changed, "code": answer.code, "effects": effects}
    if not answer.code:
        return {**said, "data": answer.data, "etag": answer.response.headers.get("ETag")}
    errors = [
        (one["pointer"].removeprefix(face.pointer), one["code"], one["detail"])
        for one in answer.body["errors"]
    ]
    return {**said, "errors": errors, "impact": answer.body.get("impact")}


@each(OPERATIONS)
def test_an_answer_is_what_the_manifest_says_and_so_is_the_call(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    params, returns = operation_schemas(operation.name)

    Draft202012Validator(params).validate({**sample.path, **sample.params})
    Draft202012Validator(closed(returns)).validate(face.call(api, operation, sample).data)


def closed(schema: Any) -> Any:
    """The schema without room for what it does not name: answers carry nothing undescribed."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {name: closed(one) for name, one in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict):
        shut.setdefault("additionalProperties", False)
    return shut


@each([one for one in OPERATIONS if one.writes and one.status != 201])
def test_the_etag_of_a_write_is_that_of_the_next_read(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    reader = reader_of(operation)
    answer = face.call(api, operation, sample)
    if reader and "ETag" in answer.response.headers:
        read = face.call(api, reader, Sample({n: sample.path[n] for n in reader.path_params}))
        assert read.response.headers["ETag"] == answer.response.headers["ETag"]


@each([one for one in OPERATIONS if not one.writes])
def test_a_read_that_changed_nothing_is_not_sent_again(
    operation: Operation, face: Face, sample: Sample, api: Api
) -> None:
    first = face.call(api, operation, sample)
    etag = first.response.headers["ETag"]

    if face is FACES["rest"]:
        again = face.call(api, operation, sample, If_None_Match=etag)
        assert (again.status, again.response.content) == (304, b"")
    else:
        again = face.call(api, operation, sample)
    assert again.response.headers["ETag"] == etag


def alike(once: Any, twice: Any, other: Any) -> bool:
    """Whether `other` equals `once`, except where even two equal calls differ (random tokens)."""
    if once == twice:
        return bool(other == once)
    if isinstance(once, dict) and isinstance(other, dict):
        return once.keys() == other.keys() and all(
            alike(once[name], twice[name], other[name]) for name in once
        )
    if isinstance(once, (list, tuple)) and isinstance(other, (list, tuple)):
        parts = zip(once, twice, other, strict=True)
        return len(once) == len(other) and all(alike(*three) for three in parts)
    return type(once) is type(other)

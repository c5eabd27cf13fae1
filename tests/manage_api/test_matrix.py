"""Every operation of the registry, over REST and through dispatch, called rightly and wrongly.

One test per operation walks every rule through both faces. Each rule finds the same stored objects
and callers, and is undone afterwards. Whatever the answer says, what is stored is compared with
what was stored before, table by table. An operation is walked from the moment it is declared;
without a sample it fails.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.test import Client
from jsonschema import Draft202012Validator

from manage_api.keys import services
from manage_api.openapi.document import operation_schemas
from manage_api.operations import Operation, all_operations, find, reader_of
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.manage_api.cases import Case
from tests.manage_api.conftest import NOW
from tests.manage_api.faces import FACES, Answer, Face, asks_for_consent, forgery_of
from tests.manage_api.rules import RULES, every, reads, rule, writes
from tests.manage_api.stored import changes_recorded, refusals, stored
from tests.once import leaves_once_out
from tests.samples import Sample, all_samples

OPERATIONS = all_operations()

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_an_operation_keeps_every_rule(
    operation: Operation, subtests: pytest.Subtests, pytestconfig: pytest.Config
) -> None:
    left_out = leaves_once_out(pytestconfig)
    case = Case(operation, with_strangers=not left_out)
    for one in (one for one in RULES if one.applies(operation)):
        for face in one.kept_through(left_out):
            try:
                with case.undone():
                    one.check(case, face)
            except Exception:
                with subtests.test(f"{face.name}: {one}"):  # and on with the next one
                    raise
    assert stored() == case.before


def test_every_operation_has_a_sample() -> None:
    assert {one.name for one in OPERATIONS} == set(all_samples())


def test_every_rule_applies_to_some_operation() -> None:
    assert all(any(map(one.applies, OPERATIONS)) for one in RULES)


# --- Keys ----------------------------------------------------------------------------------


@rule(every, once=True)
def strangers_get_the_same_401(case: Case, face: Face) -> None:
    forged = with_header(forgery_of(case.key))
    strangers = [Api(), forged]
    if face is FACES["rest"]:  # dispatch asks who calls before it looks for an operation
        replaced = case.key[:-1] + ("A" if case.key[-1] != "A" else "B")
        strangers += [case.revoked, *map(with_header, ("", "garbage", replaced))]
    bodies = []

    for stranger in strangers:
        answer = face.call(stranger, case.operation, case.sample)
        case.refused(answer, 401, "not_authenticated")
        assert answer.response.headers["WWW-Authenticate"].startswith("Bearer")
        bodies.append({n: v for n, v in answer.body.items() if n != "request_id"})

    assert all(body == bodies[0] for body in bodies)
    of_the_revoked_one = [one.object_resource for one in refusals()]
    assert of_the_revoked_one == ["keys"] * strangers.count(case.revoked)


def with_header(key: str) -> Api:
    """Sends the header even if it is empty."""
    return Api(client=Client(headers={"X-API-Key": key}, raise_request_exception=False))


@rule(every, once=True)
def an_expired_key_is_refused(case: Case, face: Face) -> None:
    case.refused(face.call(case.expired, case.operation, case.sample), 401, "key_expired")


@rule(every, once=True)
def every_other_scope_does_not_help(case: Case, face: Face) -> None:
    operation = case.operation

    answer = face.call(case.elsewhere, operation, case.sample)

    case.refused(answer, 403, "insufficient_scope")
    assert answer.body["scope"] == operation.scope
    assert f'scope="{operation.scope}"' in answer.response.headers["WWW-Authenticate"]
    assert [one.operation for one in refusals()] == [operation.name]


@rule(every)
def exactly_its_scope_is_enough(case: Case, face: Face) -> None:
    case.done(face.call(case.scoped, case.operation, case.sample))


@rule(every, once=True)
def a_disabled_api_refuses_a_good_key(case: Case, face: Face) -> None:
    services.set_api_enabled(SYSTEM, False)
    before = stored()

    case.refused(face.call(case.site, case.operation, case.sample), 403, "api_disabled", before)


@rule(lambda one: bool(one.module), once=True)
def an_inactive_module_takes_its_operations_away(case: Case, face: Face) -> None:
    modules.deactivate(SYSTEM, modules.locked_state(case.operation.module))
    before = stored()

    case.refused(face.call(case.site, case.operation, case.sample), 404, "module_inactive", before)


# --- People --------------------------------------------------------------------------------


@rule(every, FACES["rest"], once=True)
def alice_may_do_everything(case: Case, face: Face) -> None:
    case.done(face.call(case.alice, case.operation, case.sample))


@rule(every)
def bob_may_do_what_his_permissions_say(case: Case, face: Face) -> None:
    case.done(face.call(case.bob, case.operation, case.sample))


@rule(every, once=True)
def barbara_may_not_do_what_hers_leave_out(case: Case, face: Face) -> None:
    answer = face.call(case.barbara, case.operation, case.sample)

    case.refused(answer, 403, "permission_denied")
    assert answer.body["permission"] == case.operation.permission
    assert [one.operation for one in refusals()] == [case.operation.name]


@rule(every, once=True)
def charlie_may_do_nothing(case: Case, face: Face) -> None:
    case.refused(face.call(case.charlie, case.operation, case.sample), 403, "permission_denied")


@rule(lambda one: one.writes and one.method != "GET", once=True)
def a_session_without_its_csrf_token_writes_nothing(case: Case, face: Face) -> None:
    answer = face.call(case.alice, case.operation, case.sample, X_CSRFToken="b" * 32)

    case.refused(answer, 403, "permission_denied")


# --- Wrong calls -----------------------------------------------------------------------------


@rule(lambda one: bool(one.path_params))
def a_missing_object_is_not_found(case: Case, face: Face) -> None:
    missing = case.sample.missing
    if missing is None:
        assert case.operation.method == "PUT", "say in the sample which object is missing"
        return  # it is made by the call

    for path in (missing, dict.fromkeys(missing, "no\x00such\nthing")):
        if face is FACES["dispatch"] and "\x00" in "".join(path.values()):
            continue  # its body is refused before anybody looks for the object
        wrong = Sample({**case.sample.path, **path}, case.sample.params)
        case.refused(face.call(case.site, case.operation, wrong), 404, "not_found")


@rule(every, FACES["rest"], once=True)
def wrong_input_is_refused_alike_and_named(case: Case, rest: Face) -> None:
    for wrong in (_bad(case.sample), _unknown(case.sample)):
        found = []
        for face in FACES.values():
            answer = face.call(case.site, case.operation, wrong)
            case.refused(answer, 400, "validation_error")
            assert all(one.startswith(face.pointer) for one in answer.pointers())
            assert "impact" not in answer.body
            found.append(_errors(answer, face))
        assert all(code and detail for _, code, detail in found[0])
        assert found[0]
        assert found[0] == found[1]
    assert ("/no_such_field", "unknown_field") in [error[:2] for error in found[0]]
    assert not refusals()


def _errors(answer: Answer, face: Face) -> list[tuple[str, str, str]]:
    """Where, which and in what words, in both faces the same."""
    return [
        (one["pointer"].removeprefix(face.pointer), one["code"], one["detail"])
        for one in answer.body["errors"]
    ]


def _unknown(sample: Sample) -> Sample:
    return Sample(sample.path, {**sample.params, "no_such_field": 1})


def _bad(sample: Sample) -> Sample:
    return Sample(sample.path, {"no_such_field": 1} if sample.bad is None else sample.bad)


@rule(lambda one: one.destructive)
def destruction_asks_first_and_says_what_would_go(case: Case, face: Face) -> None:
    answer = face.call(case.site, case.operation, case.sample, confirm=False)

    case.refused(answer, 428, "confirmation_required")
    assert answer.body["impact"]
    assert isinstance(answer.body["impact"], dict)


# --- Right calls -----------------------------------------------------------------------------


def is_what_the_manifest_says(case: Case, answer: Answer) -> None:
    """And so is the call, of whoever may read everything."""
    params, returns = operation_schemas(case.operation.name)
    Draft202012Validator(params).validate({**case.sample.path, **case.sample.params})
    Draft202012Validator(closed(returns)).validate(answer.data)


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


@rule(writes)
def a_write_has_the_etag_of_what_the_next_read_shows_and_may_be_repeated(
    case: Case, face: Face
) -> None:
    answer = face.call(case.site, case.operation, case.sample)
    case.done(answer)
    is_what_the_manifest_says(case, answer)
    before = stored()

    read = _read_after(answer, case, face)
    shown = read.response.headers["ETag"] if read and read.data == answer.data else None
    assert answer.response.headers.get("ETag") == shown

    again = face.call(case.site, case.operation, case.sample)

    assert (again.code or again.changed) == _repeated(case)
    assert (stored() != before) == (_repeated(case) is True)


def _repeated(case: Case) -> bool | str:
    """Whether a second call changes something as well, or the code of its refusal."""
    if case.sample.again is not None:
        return case.sample.again
    if case.operation.action == "delete":
        return "not_found"
    return any(one.status == 201 for one in case.needed)


def _read_after(answer: Answer, case: Case, face: Face) -> Answer | None:
    """What the reading operation shows of the object; None: there is none, or no such operation."""
    reader = reader_of(case.operation) or find(case.operation.resource, "get")
    named = {**case.sample.path, **answer.data}
    if reader is None or not set(reader.path_params) <= named.keys():
        return None
    read = face.call(case.site, reader, Sample({n: str(named[n]) for n in reader.path_params}))
    assert read.is_success or read.code == "not_found"
    return read if read.is_success else None


@rule(writes)
def a_dry_run_answers_alike_and_stores_nothing(case: Case, face: Face) -> None:
    with patch("django.utils.timezone.now", return_value=NOW):
        recorded = changes_recorded()

        tried = _tried(case, face)

        assert tried.status == 200, tried.body
        assert stored() == case.before
        assert changes_recorded() == recorded
        assert tried.body["dry_run"] is True
        assert bool(tried.body["changes"]) == tried.changed == case.sample.changes
        assert tried.response.headers["SyteOps-Changed"] == "false"
        if case.operation.destructive:
            assert tried.body["impact"]
        with transaction.atomic():
            real = face.call(case.site, case.operation, case.sample)
            transaction.set_rollback(True)
        assert alike(tried.data, real.data, lambda: _tried(case, face).data)


def _tried(case: Case, face: Face) -> Answer:
    return face.call(case.site, case.operation, case.sample, confirm=False, dry_run=True)


@rule(writes)
def a_retry_is_answered_alike_and_has_no_second_effect(case: Case, face: Face) -> None:
    first = face.call(case.site, case.operation, case.sample, Idempotency_Key="retry-1")
    before, recorded = stored(), changes_recorded()

    again = face.call(case.site, case.operation, case.sample, Idempotency_Key="retry-1")

    assert first.is_success
    assert (again.status, again.data, again.changed) == (first.status, first.data, first.changed)
    assert again.response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.response.headers
    assert (stored(), changes_recorded()) == (before, recorded)


@rule(writes)
def a_stale_etag_stops_a_write(case: Case, face: Face) -> None:
    answer = face.call(case.site, case.operation, case.sample, If_Match='"stale"')

    case.refused(answer, 412, "precondition_failed")


@rule(reads)
def a_read_that_changed_nothing_is_not_sent_again(case: Case, face: Face) -> None:
    answer = face.call(case.site, case.operation, case.sample)
    etag = answer.response.headers["ETag"]
    is_what_the_manifest_says(case, answer)

    again = face.call(case.site, case.operation, case.sample)
    assert again.response.headers["ETag"] == etag
    if face is FACES["rest"]:
        again = face.call(case.site, case.operation, case.sample, If_None_Match=etag)
        assert (again.status, again.response.content) == (304, b"")
        assert again.response.headers["ETag"] == etag


# --- Both faces ------------------------------------------------------------------------------


@rule(every, FACES["rest"], once=True)
def dispatch_does_the_same(case: Case, face: Face) -> None:
    for confirm in (True, False) if asks_for_consent(case.operation) else (True,):
        here = partial(_outcome, face, case, confirm)
        once, there = here(), _outcome(FACES["dispatch"], case, confirm)
        assert alike(once, there, here), (once, there)


def _outcome(face: Face, case: Case, confirm: bool) -> Any:
    """What the call says and does, undone again."""
    last = AuditEntry.objects.order_by("pk").last()
    with case.undone(), patch("django.utils.timezone.now", return_value=NOW):
        answer = face.call(case.site, case.operation, case.sample, confirm=confirm)
        entries = AuditEntry.objects.filter(pk__gt=last.pk if last else 0).order_by("pk")
        effects = [(e.event, e.operation, e.object_id, e.code, e.changes) for e in entries]
    said = {"changed": answer.changed, "code": answer.code, "effects": effects}
    if not answer.code:
        return {**said, "data": answer.data, "etag": answer.response.headers.get("ETag")}
    return {**said, "errors": _errors(answer, face), "impact": answer.body.get("impact")}


def alike(once: Any, other: Any, again: Callable[[], Any]) -> bool:
    """Whether `other` equals `once`, except where even two equal calls differ (random tokens).

    The equal call is made `again` only where there is a difference to explain.
    """
    return bool(once == other) or _explained(once, again(), other)


def _explained(once: Any, twice: Any, other: Any) -> bool:
    if once == twice:
        return bool(other == once)
    if isinstance(once, dict) and isinstance(other, dict):
        return once.keys() == other.keys() and all(
            _explained(once[name], twice[name], other[name]) for name in once
        )
    if isinstance(once, (list, tuple)) and isinstance(other, (list, tuple)):
        parts = zip(once, twice, other, strict=True)
        return len(once) == len(other) and all(_explained(*three) for three in parts)
    return type(once) is type(other)

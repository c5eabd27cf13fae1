"""A write that PostgreSQL ended for another's sake is done anew, as if it were the first time."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction

from manage_api import execution
from manage_api.operations import Operation, all_operations
from syteops.audit.models import AuditEntry
from tests.each import each
from tests.fixtures import Api
from tests.isolation import forget_calls
from tests.manage_api.faces import FACES
from tests.samples import Sample, all_samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

WRITES = [one for one in all_operations() if one.writes]


class Ended(Exception):
    sqlstate = "40P01"


def ended_at_first(perform: Callable[..., Any], seen: list[Any]) -> Callable[..., Any]:
    """`perform`, whose first call is ended when all of it is done; `seen` are the objects found."""

    def attempt(view: Any) -> Any:
        data = perform(view)
        seen.append(view.locked_object)
        if len(seen) == 1:
            raise OperationalError("deadlock detected") from Ended()
        return data

    return attempt


def done(api: Api, operation: Operation, sample: Sample, face: str) -> tuple[Any, ...]:
    """What a call answers and records; afterwards it is undone."""
    forget_calls()
    before = AuditEntry.objects.count()
    with transaction.atomic():
        answer = FACES[face].call(api, operation, sample)
        assert answer.is_success, answer.body
        entries = AuditEntry.objects.order_by("pk")[before:]
        # Not of which object: what PostgreSQL takes back does not free the id of a new one.
        told = [(one.event, sorted(one.changes)) for one in entries]
        transaction.set_rollback(True)
    return answer.status, answer.changed, told


@each("operation", WRITES)
def test_a_second_attempt_is_like_a_first(
    operation: Operation, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = all_samples()[operation.name]()
    face = "rest" if len(operation.name) % 2 else "dispatch"
    at_once = done(api, operation, sample, face)
    seen: list[Any] = []
    with monkeypatch.context() as ending:
        ending.setattr(execution, "perform", ended_at_first(execution.perform, seen))
        again = done(api, operation, sample, face)

    assert again == at_once
    assert at_once[1] == sample.changes
    assert seen[0] is None or seen[1] is not seen[0], "it holds no lock any more"

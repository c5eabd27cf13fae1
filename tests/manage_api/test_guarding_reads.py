"""The read that guards a write locks what it reads, so nobody writes between check and write."""

import pytest
from django.db import transaction

from manage_api.operations import Operation, all_operations, reader_of
from tests.fixtures import Api
from tests.manage_api.faces import FACES
from tests.preconditions import done_during_check
from tests.samples import all_samples

GUARDED = [one for one in all_operations() if one.writes and reader_of(one)]
REST, DISPATCH = FACES["rest"], FACES["dispatch"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql_only,  # SQLite has one writer at a time
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("operation", GUARDED, ids=lambda one: one.name)
def test_nobody_writes_while_a_precondition_is_checked(
    operation: Operation, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        sample = all_samples()[operation.name]()

    slipped_in, careful, plain = done_during_check(
        monkeypatch,
        lambda: REST.call(api, operation, sample, If_Match='"stale"'),
        lambda: DISPATCH.call(api, operation, sample),
    )

    assert not slipped_in
    assert (careful.status, plain.is_success) == (412, True), plain.body

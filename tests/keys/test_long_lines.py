"""Keys that were replaced over and over: each day for years, or by a script."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from manage_api.keys import queries, services
from manage_api.keys.models import ManageKey
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from tests.fixtures import Api

MANY = 1500

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ManageKey:
    """The last of very many."""
    last = services.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"]).key
    now, first = timezone.now(), last.pk - MANY  # below it: the numbers above are to be given
    made: list[Any] = [
        ManageKey(id=first + n, public_id=f"{n:012d}", name="n8n", verifier=last.verifier,
                  rotated_at=now, revoked_at=now, successor_id=first + n + 1)
        for n in range(MANY)
    ]  # fmt: skip
    ManageKey.objects.bulk_create(reversed(made))
    return last


def test_the_last_one_can_be_replaced_and_ended(key: ManageKey) -> None:
    again = services.rotate_key(SYSTEM, key).key
    with CaptureQueriesContext(connection) as done:
        assert services.revoke_key(SYSTEM, again)
    assert len(done) < 20
    assert ManageKey.objects.get(pk=again.pk).revoked_at


def test_of_each_it_is_known_which_one_its_tool_has_now(key: ManageKey) -> None:
    heirs = queries.heirs()
    assert len(heirs) == MANY + 1
    assert {one.pk for one in heirs.values()} == {key.pk}
    assert queries.first_of_line(key.pk, key.public_id) == f"{0:012d}"


def test_a_row_that_somebody_put_into_a_circle_keeps_nobody_waiting(key: ManageKey) -> None:
    first = ManageKey.objects.get(public_id=f"{0:012d}")
    ManageKey.objects.filter(pk=key.pk).update(successor=first)
    assert len(queries.replaced_by(key)) == MANY + 1


def test_one_that_still_works_behind_others_that_ended_is_ended_too() -> None:
    first = services.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"]).key
    second = services.rotate_key(SYSTEM, first, services.MAX_OVERLAP).key
    third = services.rotate_key(SYSTEM, second, services.MAX_OVERLAP).key
    services.revoke_key(SYSTEM, ManageKey.objects.get(pk=second.pk))
    ManageKey.objects.filter(pk=first.pk).update(revoked_at=None)
    services.revoke_key(SYSTEM, third)
    assert not ManageKey.objects.filter(revoked_at=None).exists()


def test_a_retry_with_the_key_that_replaced_the_first_does_nothing_twice() -> None:
    scopes = ["crm:read", "crm:write"]
    issued = services.create_restricted_key(SYSTEM, name="n8n", scopes=scopes)
    services.set_api_enabled(SYSTEM, True)
    body, retry = {"name": "HubSpot"}, {"Idempotency_Key": "once"}
    first = Api(issued.text).post("/crm-systems", body, **retry)
    for _ in range(2):
        issued = services.rotate_key(SYSTEM, issued.key)
        again = Api(issued.text).post("/crm-systems", body, **retry)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
    other = services.create_restricted_key(SYSTEM, name="Make", scopes=scopes).text
    assert "Idempotent-Replayed" not in Api(other).post("/crm-systems", body, **retry).headers
    assert CrmSystem.objects.count() == 2

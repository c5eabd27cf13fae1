"""Lists that grow: what a page costs does not follow from how many rows there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from estimates.models import Estimate
from syteops.audit.queries import changes_since
from tests.fixtures import Api
from tests.manage_api.plans import plans_of, sorts_everything
from tests.samples.team import a_member

pytestmark = [pytest.mark.django_db, pytest.mark.combination]


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/notes", "notes_note"),
        ("/notes?status=draft", "notes_note"),
        ("/action-items", "notes_actionitem"),
        ("/action-items?done=false", "notes_actionitem"),
        ("/action-items?done=false&due_before=2026-12-24", "notes_actionitem"),
        ("/estimates", "estimates_estimate"),
        ("/estimates?status=draft", "estimates_estimate"),
        ("/estimates?superseded=true", "estimates_estimate"),
        ("/audit", "audit_auditentry"),
        ("/audit?resource=crm", "audit_auditentry"),
        ("/audit?event=note.created", "audit_auditentry"),
        ("/team-members", "team_teammember"),
    ],
)
def test_a_list_is_read_in_the_order_of_an_index(api: Api, path: str, table: str) -> None:
    a_member()
    plans = plans_of(lambda: api.get(path), table)

    assert plans
    assert [sql for sql, plan in plans.items() if sorts_everything(plan)] == []


@pytest.mark.parametrize("query", ["", "&status=draft", "&status=sent", "&status=expired"])
def test_estimates_are_counted_in_an_index_alone(api: Api, query: str) -> None:
    plans = plans_of(lambda: api.get(f"/estimates?page=2{query}"), "estimates_estimate")

    (plan,) = [plan for sql, plan in plans.items() if "COUNT(" in sql]
    index = "Index Only Scan using" if connection.vendor == "postgresql" else "COVERING INDEX"
    assert f"{index} estimates_standing" in plan, plan


def test_what_was_changed_since_is_found_by_its_time() -> None:
    since = timezone.now() - timedelta(hours=1)
    plan = changes_since(Estimate, since).order_by().values("object_pk").explain()
    assert "audit_resource_at" in plan or connection.vendor == "postgresql", plan


@pytest.mark.parametrize("of", ["its key's id", "its key's name", "system"])
def test_what_somebody_did_is_read_in_the_order_of_an_index(api: Api, of: str) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    key_id = api.get("/audit").json()["entries"][0]["actor"]["id"]
    name = {"its key's id": key_id, "its key's name": "Site key"}.get(of, of)
    plans = plans_of(lambda: api.get(f"/audit?actor={name}&page=2"), "audit_auditentry")

    assert any("COUNT(" in sql for sql in plans)
    assert [plan for plan in plans.values() if "audit_actor_" not in plan] == []
    assert [plan for plan in plans.values() if sorts_everything(plan)] == []


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_what_happened_to_an_object_is_found_by_an_index(api: Api, path: str) -> None:
    plans = plans_of(lambda: api.get(f"{path}?object=001"), "audit_auditentry")

    assert plans
    assert [plan for plan in plans.values() if "audit_object" not in plan] == []

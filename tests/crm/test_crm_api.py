from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.crm.services import delete_crm_system
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.samples.crm import a_system
from tests.samples.team import a_member


def test_a_freed_number_is_reused_lowest_first(api: Api) -> None:
    for name in ("One", "Two", "Three"):
        api.post("/crm-systems", {"name": name})
    api.delete("/crm-systems/001?confirm=true")
    api.delete("/crm-systems/002?confirm=true")

    made: Any = api.post("/crm-systems", {"name": "Four"})

    assert made.json()["crm_num"] == "001"
    assert made.headers["Location"].endswith("/crm-systems/001")


def test_deleting_clears_the_secrets_and_says_so_beforehand(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    api.put("/crm-systems/001/secret", {"api_key": "canary-key"})

    refused = api.delete("/crm-systems/001")
    assert refused.status_code == 428
    assert refused.json()["impact"]["secrets_cleared"] == 1
    assert CrmSystem.objects.count() == 1

    assert api.delete("/crm-systems/001?confirm=true").json() == {"crm_num": "001", "deleted": True}
    assert CrmSystem.all_objects.get().api_key is None


def test_of_many_who_are_known_there_the_page_that_asks_shows_some(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.core.impacts.MOST_TOLD", 2)
    system = a_system()
    for name in ("Ada", "Ben", "Cleo"):
        a_member(first_name=name, crm_ids={system.slot: "x"})
    html = page.get(f"/admin/crm/crmsystem/{system.pk}/delete/").content.decode()
    assert "Ada" in html
    assert "Ben" in html
    assert "Cleo" not in html
    assert "and 1 more" in html


def test_each_who_was_known_there_has_an_entry_and_it_takes_as_many_statements(api: Api) -> None:
    taken = []
    for count in (2, 20):
        system, other = a_system(), a_system()
        gone, kept = system.slot, other.slot
        known = [a_member(crm_ids={gone: "x", kept: "y"}) for _ in range(count)]
        with CaptureQueriesContext(connection) as asked:
            delete_crm_system(SYSTEM, system)
        taken.append(len(asked))
        entries = AuditEntry.objects.filter(event="team_member.updated").order_by("-pk")[:count]
        assert [(one.object_pk, one.changes) for one in reversed(entries)] == [
            (str(one.pk), {"crm_ids": {
                "before": {gone: "x", kept: "y"}, "after": {kept: "y"},
            }})
            for one in known
        ]  # fmt: skip
    assert taken[0] == taken[1]


def test_members_who_are_deleted_have_no_entry_however_many_were_known_there(api: Api) -> None:
    system = a_system()
    gone = TeamMember.objects.bulk_create(
        TeamMember(deleted_at=timezone.now(), former_number=n) for n in range(1, 51)
    )
    here = a_member(crm_ids={system.slot: "x"})
    CrmIdentifier.objects.bulk_create(
        CrmIdentifier(member=one, system=system, identifier=f"hs-{one.pk}") for one in gone
    )
    assert api.delete("/crm-systems/001").json()["impact"]["team_member_ids_cleared"] == 51

    api.delete("/crm-systems/001?confirm=true")

    assert AuditEntry.objects.get(event="team_member.updated").object_pk == str(here.pk)
    entry = AuditEntry.objects.get(event="crm_system.deleted")
    assert len(entry.changes["identifiers"]["before"]) == 51
    assert not CrmIdentifier.objects.exists()
    api.post(f"/audit/{entry.pk}/revert?confirm=true")
    assert CrmIdentifier.objects.filter(identifier=f"hs-{gone[0].pk}").count() == 1
    assert CrmIdentifier.objects.count() == 51

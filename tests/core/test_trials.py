"""What is taken back was never signed: nobody can bring it as something that happened."""

from typing import Any

import pytest

from syteops.audit import chain
from syteops.audit import services as audit
from syteops.audit.models import AuditEntry
from syteops.audit.stored import ERASURE
from syteops.core import prepared
from syteops.core.actors import SYSTEM
from syteops.core.trials import is_trial, trial
from syteops.crm.models import CrmSystem
from syteops.team import services as team
from tests.fixtures import Api
from tests.samples.crm import a_system
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[AuditEntry]:
    """Each entry as it goes to the database, whether it stays there or not."""
    entries: list[AuditEntry] = []
    insert_row = prepared.insert_row

    def watched(instance: Any) -> None:
        if isinstance(instance, AuditEntry):
            entries.append(instance)
        insert_row(instance)

    monkeypatch.setattr(audit, "insert_row", watched)
    return entries


def test_what_is_tried_unrecorded_has_no_entry_even_meanwhile(stored: list[AuditEntry]) -> None:
    with trial(recorded=False):
        a_system()
        assert CrmSystem.objects.exists()
    assert not stored
    a_system()
    assert stored


def test_a_trial_is_taken_back_and_ends() -> None:
    with trial():
        assert is_trial()
        a_system()
    assert not is_trial()
    assert not CrmSystem.objects.exists()


def test_a_dry_run_signs_nothing(api: Api, stored: list[AuditEntry]) -> None:
    answer = api.post("/crm-systems?dry_run=true", {"name": "HubSpot"})
    assert (answer.status_code, len(stored)) == (200, 1)
    assert [one.mac for one in stored] == [""]

    api.post("/crm-systems", {"name": "HubSpot"})
    assert stored[-1].mac == chain.mac_of(stored[-1])


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a_question_signs_no_erasure(api: Api, stored: list[AuditEntry], query: str) -> None:
    member = a_member()
    stored.clear()
    api.post(f"/team-members/erase{query}", {"id": member.pk})

    erasures = [one.changes[ERASURE]["after"] for one in stored if ERASURE in one.changes]
    assert erasures
    assert {mac for left in erasures for _, mac in left} == {""}
    assert {one.mac for one in stored} == {""}
    assert not AuditEntry.objects.filter(event="audit.erased").exists()

    stored.clear()
    team.erase_team_member(SYSTEM, member)
    assert all(one.mac == chain.mac_of(one) for one in stored)

"""While the chain is broken nothing is stored, and every door says so."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.consequences import foresee
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.trail import cut_before

pytestmark = pytest.mark.django_db


def _corrupt() -> None:
    AuditChain.objects.update(head_seal="0" * 64)


def _remove_the_record() -> None:
    AuditChain.objects.all().delete()


def _put_an_older_end_back() -> None:
    """It was signed, once: sealing would fail at the number that is taken."""
    first = AuditEntry.objects.get(sequence=1)
    older = AuditChain(pk=1, head_sequence=1, head_seal=first.seal)
    chain.sign(older)
    older.save()


BREAKS = (_corrupt, _remove_the_record, _put_an_older_end_back)
broken_in_any_way = pytest.mark.parametrize("tamper", BREAKS)


@pytest.fixture
def whole(transactional_db: None) -> AuditChain:
    """Three sealed entries; each test commits what it writes."""
    for number in range(3):
        services.create_crm_system(SYSTEM, name=f"CRM {number}")
    assert verification.verify()[:2] == (3, 0)
    return AuditChain.objects.get()


@broken_in_any_way
def test_while_the_chain_is_broken_nothing_is_written(
    whole: AuditChain, tamper: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Else it would stay unsealed, could be deleted, and the end put back: nobody would see."""
    tamper()

    with pytest.raises(chain.TrailBroken):
        services.create_crm_system(SYSTEM, name="Unseen")
    with pytest.raises(chain.TrailBroken):
        services.update_crm_system(SYSTEM, CrmSystem.objects.get(name="CRM 0"), name="Unseen")

    assert not chain.is_intact()
    assert "Nothing is written" in caplog.text
    assert not CrmSystem.objects.filter(name="Unseen").exists()
    assert AuditEntry.objects.count() == 3
    whole.save()
    services.create_crm_system(SYSTEM, name="Seen")
    assert verification.verify()[:2] == (4, 0)


def test_nothing_is_written_behind_an_entry_that_takes_the_next_number(whole: AuditChain) -> None:
    """It could not be sealed: as one with the seal of the end it would look like the end."""
    newest = AuditEntry.objects.filter(pk=AuditEntry.objects.get(sequence=3).pk)
    newest.update(sequence=4)

    with pytest.raises(chain.TrailBroken):
        services.create_crm_system(SYSTEM, name="Unseen")

    newest.update(sequence=3)
    services.create_crm_system(SYSTEM, name="Seen")
    assert verification.verify()[:2] == (4, 0)


@broken_in_any_way
def test_nothing_is_foreseen_of_what_would_be_refused(
    whole: AuditChain, tamper: Callable[[], None]
) -> None:
    system = CrmSystem.objects.get(name="CRM 0")

    def delete() -> None:
        services.delete_crm_system(SYSTEM, system)

    assert foresee(SYSTEM, delete)["lineage"].data["removed"]
    tamper()
    assert foresee(SYSTEM, delete) == {}
    assert CrmSystem.objects.filter(name="CRM 0").exists()


@broken_in_any_way
def test_each_door_says_that_nothing_is_stored(
    whole: AuditChain, api: Api, alice: User, tamper: Callable[[], None]
) -> None:
    page, stranger = Client(), Client()
    page.force_login(alice)
    before = AuditEntry.objects.count()
    tamper()

    refused = api.post("/crm-systems", {"name": "Unseen"})
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    shown = page.post("/admin/crm/crmsystem/add/", {"name": "Unseen"}).content.decode()
    assert "manage.py verify_audit" in shown
    words = {"username": "alice", "password": "alice-password"}
    answer = stranger.post("/admin/login/", words)
    assert (answer.status_code, "verify_audit" in answer.content.decode()) == (503, True)
    assert stranger.get("/admin/").status_code == 302
    assert api.get("/crm-systems").status_code == 200
    assert Api("som_wrong").get("/crm-systems").status_code == 401
    assert page.get("/admin/").status_code == 200
    page.post("/admin/logout/")
    assert page.get("/admin/").status_code == 302

    assert AuditEntry.objects.count() == before
    assert CrmSystem.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_after_all_entries_were_cut_off_writing_goes_on(whole: AuditChain) -> None:
    assert cut_before(timezone.now()) == 3

    services.create_crm_system(SYSTEM, name="Next")

    assert verification.verify()[:2] == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_entries_are_sealed_once_the_change_has_committed() -> None:
    services.create_crm_system(SYSTEM, name="HubSpot")

    assert list(AuditEntry.objects.values_list("sequence", flat=True)) == [1]

"""What is kept sealed and does not open any more is said to be so, at each door."""

import pytest
from django.contrib.auth.models import User

from manage_api.models import IdempotencyRecord
from syteops.core.encryption import KeyRing, Sealed
from syteops.team.models import TeamMember
from syteops.transfer import downloads
from syteops.transfer.models import Download, Import
from syteops.webhooks.models import Webhook
from tests.fixtures import Api, signed_in
from tests.transfer.transferring import SHEETS, address, as_file, confirm, upload

pytestmark = pytest.mark.django_db

LOST = Sealed(KeyRing(["a key that was lost"]).seal(b"{}"))
CURE = "When the encryption keys are lost"


def test_an_answer_that_was_kept_for_retries(api: Api) -> None:
    hook = {"name": "Desk", "url": "https://93.184.215.14/", "types": ["*"]}
    assert api.post("/webhooks", hook, Idempotency_Key="once").status_code == 201
    IdempotencyRecord.objects.update(sealed_body=LOST)

    again = api.post("/webhooks", hook, Idempotency_Key="once")

    assert (again.status_code, again.json()["code"]) == (503, "unavailable")
    assert CURE in again.json()["detail"]
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize("field", ["content", "report"])
def test_an_upload(alice: User, field: str) -> None:
    browser = signed_in(alice)
    members = SHEETS["team-members"]
    page = upload(browser, members, as_file([["first_name"], ["Ada"]]))
    Import.objects.update(**{field: LOST})

    answers = browser.get(page.request["PATH_INFO"]), confirm(browser, page)
    assert CURE in "".join(one.content.decode() for one in answers)
    assert not TeamMember.objects.exists()


def test_a_file_that_was_made(alice: User) -> None:
    browser = signed_in(alice)
    members = SHEETS["team-members"]
    kept = downloads.keep(alice, members, [])
    Download.objects.update(content=LOST)

    page = browser.get(address(members, f"export/{kept.pk}/"), follow=True)

    assert CURE in page.content.decode()

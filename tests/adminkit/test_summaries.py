"""Whatever form comes back says above it all that is wrong, and leads to each field."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from estimates.models import Estimate
from manage_api.keys import services as keys
from syteops.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
NO_DAY = {"last_seen_at_0": "tomorrow", "mode": "standalone", "status": "active"}


@pytest.mark.parametrize(
    ("path", "sent", "named"),
    [
        ("password_change", {}, "New password"),
        ("auth/user/add", {}, "Username"),
        ("auth/user/{bob}/password", {}, "Password"),
        ("auth/group/add", {}, "Name"),
        ("invitations/invitation/add", {"email": "x"}, "E-mail address"),
        ("keys/managekey/create", {}, "Name"),
        ("keys/managekey/{key}/rotate", {"overlap": "x"}, "The old key stops working"),
        ("crm/crmsystem/import", {}, "CSV or XLSX file"),
        ("crm/crmsystem/views", {}, "Name"),
        ("second-factor/app", {}, "Code"),
        ("site/connection/1/change", NO_DAY, "Last seen"),
        ("integrations/integrationstate/email/change", {"config_recipients": "x"}, "Recipients"),
        ("estimates/estimate/{estimate}/approve", {}, "Who answered"),
    ],
)
def test_every_form_says_what_is_wrong_and_leads_there(
    page: Client, bob: User, path: str, sent: dict[str, str], named: str
) -> None:
    call_command("seed_demo", verbosity=0)
    key = keys.generate_site_key(SYSTEM).key.public_id
    known = {"bob": bob.pk, "key": key, "estimate": Estimate.objects.earliest("pk").pk}

    html = page.post(f"/admin/{path.format(**known)}/", sent).content.decode()

    [summary] = re.findall(r'<section class="[^"]*so-summary.*?</section>', html, re.S)
    assert "data-focus" in summary
    links = dict(re.findall(r'href="#([^"]+)">([^<]+)<', summary))
    assert named in links.values()
    assert all(f'id="{one}"' in html for one in links), links
    assert "Please correct" not in html

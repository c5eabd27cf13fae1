"""The destinations of an integration at a glance: of very many, those that stand worst."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.deliveries import queries
from syteops.deliveries.models import Delivery, DeliveryAttempt, DestinationState
from syteops.deliveries.pages import GLANCED_AT, LISTED
from syteops.events.models import Event
from syteops.integrations.models import IntegrationState
from syteops.webhooks.models import Webhook
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db
LIST = "/admin/integrations/integrationstate/"
PAGES = {LIST: GLANCED_AT, f"{LIST}webhooks/change/": LISTED}


@pytest.fixture
def webhooks() -> list[str]:
    """Thirty, the last of which stand worst: by name, in the order in which they are shown."""
    made = Webhook.objects.bulk_create(
        Webhook(name=f"Receiver {n}.", url=f"https://a{n}.example/", types=["*"]) for n in range(30)
    )
    IntegrationState.objects.create(slug="webhooks", enabled=True)
    now = timezone.now()
    for one in made[:3]:
        stand(one, delivered_at=now)
    stand(made[28], failing_since=now, last_problem="Answered 500.")
    stand(made[29], failing_since=now, paused_at=now)
    return [one.name for one in (made[29], made[28], *made[3:28], *made[:3])]


def stand(one: Webhook, **how: Any) -> None:
    DestinationState.objects.create(integration="webhooks", destination=str(one.pk), **how)


def named(answer: Any) -> list[str]:
    return re.findall(r">(Receiver \d+\.)<", answer.content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_those_that_stand_worst_come_first_and_the_rest_is_counted(
    page: Client, webhooks: list[str], path: str
) -> None:
    answer = page.get(path)
    assert named(answer) == webhooks[: PAGES[path]]
    assert f"nd {30 - PAGES[path]} more" in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("webhooks")
def test_of_those_that_are_not_shown_only_the_name_is_read(page: Client, path: str) -> None:
    page.get(path)
    with CaptureQueriesContext(connection) as seen:
        page.get(path)
    read = [one["sql"] for one in seen if '"webhooks_webhook"."types"' in one["sql"]]
    assert read
    assert [sql for sql in read if '"webhooks_webhook"."id" IN (' not in sql] == []


@pytest.mark.usefixtures("webhooks")
def test_who_may_not_see_webhooks_is_told_none_of_their_names(bob: User) -> None:
    rights = ("view_integrationstate", "view_delivery", "view_event")
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = signed_in(bob)
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Receiver" not in answer.content.decode()
        assert f"nd {30 - PAGES[path]} more" in answer.content.decode()


@pytest.mark.parametrize("path", ["/admin/", *PAGES])
@pytest.mark.usefixtures("webhooks")
def test_what_came_of_the_last_try_is_found_without_a_search_of_all_tries(
    page: Client, path: str
) -> None:
    """With three hundred that fail and a hundred thousand tries it took PostgreSQL a minute."""
    page.get(path)
    with CaptureQueriesContext(connection) as seen:
        shown = page.get(path).content.decode()
    assert "Answered 500." in shown
    assert [one["sql"] for one in seen if DeliveryAttempt._meta.db_table in one["sql"]] == []


@pytest.mark.usefixtures("webhooks")
def test_what_waits_is_counted_for_who_wants_to_know() -> None:
    """A hundred thousand are, where hundreds are away: for each page that names one of them."""
    keys = [str(pk) for pk in Webhook.objects.order_by("pk").values_list("pk", flat=True)[:2]]
    event = Event.objects.create(id=1, at=timezone.now(), type="note.updated", resource="notes")
    for destination in (keys[0], keys[0], keys[1]):
        Delivery.objects.create(integration="webhooks", destination=destination, event=event)
    with CaptureQueriesContext(connection) as seen:
        [*queries.sending_destinations(), *queries.troubled_destinations()]
        one = queries.get_destination("webhooks", keys[0])
    assert [sql["sql"] for sql in seen if Delivery._meta.db_table in sql["sql"]] == []
    assert one.waiting == 2
    with CaptureQueriesContext(connection) as seen:
        counts = {known.destination: known.waiting for known in queries.all_destinations()}
    assert (counts[keys[0]], counts[keys[1]], sum(counts.values())) == (2, 1, 3)
    assert sum(Delivery._meta.db_table in sql["sql"] for sql in seen) == 1

"""The log of deliveries over the API: what was sent where, for whom it may be told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.utils import timezone

from syteops.core.actors import SYSTEM
from syteops.core.outbound import Answer
from syteops.deliveries.models import Delivery, DeliveryAttempt, DestinationState
from syteops.roles import services as roles
from tests.deliveries.sending import Post, wants
from tests.events.publish import a_system
from tests.fixtures import Api
from tests.samples.roles import a_role

SINCE = (timezone.now() - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
A = {"integration": "post", "destination": "a"}


def log(api: Api, query: str = "") -> list[str]:
    return [one["type"] for one in api.get(f"/deliveries{query}").json()["deliveries"]]


def standing(api: Api) -> dict[str, Any]:
    found = api.get("/deliveries/destinations").json()["destinations"]
    [shown] = [one for one in found if one["integration"] == "post"]
    return dict(shown)


# --- Who may see what ----------------------------------------------------------------------------


def test_to_who_may_read_nothing_there_is_no_delivery(
    post: Post, make_key: Callable[..., str]
) -> None:
    a_system()
    post.deliver()
    refused = Api(make_key("deliveries:write")).post(
        f"/deliveries/{Delivery.objects.get().pk}/resend"
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_a_reader_sees_deliveries_of_events_that_it_may_read(
    post: Post, make_key: Callable[..., str], api: Api
) -> None:
    post.destinations = [wants("a", "*")]
    a_system()
    roles.delete_role(SYSTEM, a_role())
    post.deliver()
    few = Api(make_key("deliveries:read", "deliveries:write", "roles:read"))
    assert set(log(few)) == {"role.created", "role.deleted"}
    assert {"crm_system.created", "role.created"} <= set(log(api))
    hidden = Delivery.objects.get(event__type="crm_system.created").pk
    assert few.get(f"/deliveries/{hidden}").status_code == 404
    assert few.post(f"/deliveries/{hidden}/resend").status_code == 404
    assert api.get(f"/deliveries/{hidden}").status_code == 200


def test_a_person_sees_those_of_what_the_person_may_view(
    post: Post, bob: User, as_person: Callable[[User], Api]
) -> None:
    post.destinations = [wants("a", "*")]
    a_system()
    roles.delete_role(SYSTEM, a_role())
    post.deliver()
    assert as_person(bob).get("/deliveries").status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    assert log(as_person(User.objects.get(pk=bob.pk))) == ["crm_system.created"]


# --- What is seen --------------------------------------------------------------------------------


def test_an_attempt_shows_what_was_answered(post: Post, api: Api) -> None:
    post.answers["a"] = [Answer(500, b"Out of order")]
    a_system()
    post.deliver()
    [shown] = api.get("/deliveries?state=waiting").json()["deliveries"]
    whole = api.get(f"/deliveries/{shown['id']}").json()
    [event] = api.get("/events?type=crm_system.*").json()["events"]
    assert (whole["event"], whole["object"]) == (event["id"], "001")
    assert (whole["attempts"], whole["finished_at"]) == (1, None)
    [tried] = whole["tries"]
    assert (tried["status"], tried["answer"], tried["problem"]) == (500, "Out of order", "")


def test_of_very_many_attempts_the_latest_are_shown(post: Post, api: Api) -> None:
    """Whoever sent one again for a day had an answer of 180 MB."""
    a_system()
    post.deliver()
    one = Delivery.objects.get()
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(delivery=one, at=timezone.now(), milliseconds=n) for n in range(60)
    )
    shown = api.get(f"/deliveries/{one.pk}").json()["tries"]
    assert [tried["milliseconds"] for tried in shown] == [*range(59, 9, -1)]


def test_the_log_is_filtered(post: Post, api: Api) -> None:
    post.destinations = [wants("a", "crm_system.*"), wants("b", "*")]
    a_system()
    roles.delete_role(SYSTEM, a_role())
    post.deliver()
    assert log(api, "?integration=post&destination=a") == ["crm_system.created"]
    assert log(api, "?type=role.*") == ["role.deleted", "role.created"]
    assert log(api, "?type=role.created,crm_system.*&destination=b") == [
        "role.created",
        "crm_system.created",
    ]
    assert log(api, "?state=given_up") == log(api, "?integration=slack") == []
    assert log(api, "?since=2999-01-01T00:00:00Z") == []


def test_how_a_destination_stands(post: Post, api: Api) -> None:
    assert (standing(api)["standing"], standing(api)["waiting"]) == ("new", 0)
    a_system()
    post.deliver()
    assert standing(api)["standing"] == "delivering"
    assert standing(api)["delivered_at"]
    post.answers["a"] = Answer(500)
    a_system()
    post.deliver()
    shown = standing(api)
    assert (shown["standing"], shown["waiting"], shown["name"]) == ("failing", 1, "A")
    assert shown["failing_since"]
    post.answers["a"] = Answer(410)
    a_system()
    post.deliver()
    assert (standing(api)["standing"], standing(api)["waiting"]) == ("paused", 1)
    assert "410" in standing(api)["why_paused"]


# --- What is done --------------------------------------------------------------------------------


def test_a_delivery_is_sent_once_more(post: Post, api: Api) -> None:
    a_system()
    post.deliver()
    path = f"/deliveries/{Delivery.objects.get().pk}"
    assert api.post(f"{path}/resend").json()["state"] == "waiting"
    assert api.post(f"{path}/resend").status_code == 409
    post.send_due()
    assert len({one.id for one in post.sent}) == 1
    assert len(post.sent) == 2
    assert len(api.get(path).json()["tries"]) == 2


def test_all_that_did_not_arrive_is_sent_again(post: Post, api: Api) -> None:
    post.answers["a"] = [Answer(400, headers={"webhook-delivery": "abort-message"})]
    a_system()
    a_system()
    post.deliver()
    given = {**A, "since": SINCE}
    assert api.post("/deliveries/resend-since", given).json() == {"resent": 1}
    post.send_due()
    assert api.post("/deliveries/resend-since", given).json() == {"resent": 0}
    everything = {**given, "everything": True}
    assert api.post("/deliveries/resend-since", everything).json() == {"resent": 2}
    post.send_due()
    assert len(post.sent) == 5


def test_a_paused_destination_is_resumed(post: Post, api: Api) -> None:
    post.answers["a"] = [Answer(410)]
    a_system()
    a_system()
    post.deliver()
    shown = api.post("/deliveries/resume", A).json()
    assert (shown["paused_at"], shown["why_paused"]) == (None, "")
    post.send_due()
    assert len(post.sent) == 2
    assert DestinationState.objects.get().paused_at is None


def test_a_destination_that_does_not_exist_is_not_found(post: Post, api: Api) -> None:
    nowhere = {"integration": "post", "destination": "z"}
    assert api.post("/deliveries/resume", nowhere).status_code == 404
    assert api.post("/deliveries/resume", {"integration": "nothing"}).status_code == 404
    given = {**nowhere, "since": SINCE}
    assert api.post("/deliveries/resend-since", given).status_code == 404
    assert not DestinationState.objects.exists()

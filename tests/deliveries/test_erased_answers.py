"""What receivers answered about somebody erased is gone with the person."""

from dataclasses import replace
from typing import Any

from django.utils import timezone

from syteops.audit import chain
from syteops.core.actors import SYSTEM
from syteops.core.outbound import Answer
from syteops.crm import services as crm
from syteops.deliveries.models import Delivery, DeliveryAttempt
from syteops.integrations import catalogue
from syteops.integrations.queries import find_integration
from syteops.team import services as team
from tests.deliveries.sending import Post, wants
from tests.events.publish import a_system
from tests.samples.team import a_member
from tests.trail import cut_before


def test_answers_about_a_person_are_cleared_and_others_stay(post: Post) -> None:
    post.destinations = [wants("a", "team_member.*", "crm_system.*")]
    post.answers["a"] = Answer(200, b"Thanks for canary@zyx.example")
    system = a_system()
    member = a_member(email="canary@zyx.example", crm_ids={system.slot: "canary-1"})
    crm.delete_crm_system(SYSTEM, system)
    other = a_member(first_name="Grace")
    post.deliver()
    assert DeliveryAttempt.objects.exclude(answer="").count() == 5

    told = team.predict_erasure(member)["removed"]["delivery_answers"]
    assert DeliveryAttempt.objects.exclude(answer="").count() == 5
    removed = team.erase_team_member(SYSTEM, member)["removed"]
    assert removed["delivery_answers"] == told == 3
    kept = DeliveryAttempt.objects.exclude(answer="").values_list(
        "delivery__event__type", "delivery__event__object_pk"
    )
    assert set(kept) == {
        ("crm_system.created", str(system.pk)),
        ("team_member.created", str(other.pk)),
    }
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert DeliveryAttempt.objects.filter(answer="", status=200).count() == 3


def test_what_was_answered_to_values_of_variables_goes_with_everybody(post: Post) -> None:
    """Variables hold values of members, and their event has no entry that tells whose."""
    post.destinations = [wants("a", "variables.changed", "crm_system.*")]
    post.answers["a"] = Answer(200, b"Thanks for canary@zyx.example")
    a_system()
    member = a_member(email="canary@zyx.example")
    post.deliver()
    assert DeliveryAttempt.objects.exclude(answer="").count() == 2

    assert team.erase_team_member(SYSTEM, member)["removed"]["delivery_answers"] == 1

    [kept] = DeliveryAttempt.objects.exclude(answer="")
    assert kept.delivery.event.type == "crm_system.created"


def test_what_was_answered_about_a_pruned_change_goes_too(post: Post) -> None:
    post.destinations = [wants("a", "team_member.*")]
    post.answers["a"] = Answer(200, b"Thanks for canary@zyx.example")
    member = a_member(email="canary@zyx.example")
    post.deliver()
    chain.seal_pending()
    cut_before(timezone.now())

    team.erase_team_member(SYSTEM, member)

    assert not DeliveryAttempt.objects.exclude(answer="").exists()


def test_what_is_answered_while_a_person_is_erased_is_not_kept(post: Post) -> None:
    """The message had left before; what comes back repeats it, and is stored afterwards."""
    post.destinations = [wants("a", "team_member.created")]
    member = a_member(email="canary@zyx.example")

    def erase_meanwhile(setup: Any, message: Any) -> Answer:
        team.erase_team_member(SYSTEM, member)
        return Answer(200, b"Thanks for canary@zyx.example")

    catalogue._catalogue["post"] = replace(find_integration("post"), send=erase_meanwhile)
    post.deliver()

    [tried] = DeliveryAttempt.objects.all()
    assert (tried.status, tried.answer, tried.delivery.state) == (200, "", "delivered")

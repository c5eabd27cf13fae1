"""A destination that gets all that waits in one message."""

import pytest

from syteops.core.actors import SYSTEM
from syteops.core.outbound import Answer
from syteops.deliveries import outcomes, services
from syteops.deliveries.models import Delivery
from tests.deliveries.sending import Post, let_pass, states, wants
from tests.events.publish import a_system


def test_what_goes_together_is_one_message(post: Post) -> None:
    post.destinations = [wants("a", "crm_system.*", together=True)]
    for _ in range(3):
        a_system()
    post.deliver()
    [message] = post.sent
    assert len(message.events) == 3
    assert message.id == message.events[-1].public_id
    assert set(states()) == {"delivered"}


def test_what_goes_together_is_not_tried_again_for_each_new_event(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine takes longer for all of it than the five seconds before the second try.
    monkeypatch.setattr(outcomes, "SCHEDULE", (0, 3600, 3600))
    post.destinations = [wants("a", "crm_system.*", together=True)]
    post.answers["a"] = [Answer(500)]
    a_system()
    post.deliver()
    for _ in range(10):
        a_system()
        post.deliver()
    assert len(post.sent) == 1
    assert set(states()) == {"waiting"}
    let_pass(4000)
    post.send_due()
    assert [len(one.events) for one in post.sent] == [1, 11]
    assert set(states()) == {"delivered"}


def one_that_fails_and_another(post: Post, tries: int) -> None:
    """One event whose message was tried so often again, and one that came later."""
    post.destinations = [wants("a", "crm_system.*", together=True)]
    post.answers["a"] = Answer(500)
    a_system()
    post.deliver()
    for _ in range(tries):
        let_pass(11 * 3600)
        post.send_due()
    a_system()
    post.deliver()


def test_what_joined_late_is_not_given_up_with_what_was_tried_too_often(post: Post) -> None:
    one_that_fails_and_another(post, tries=6)
    let_pass(11 * 3600)
    post.send_due()
    assert states() == ["given_up", "waiting"]


def test_what_is_sent_again_has_nothing_given_up_earlier_that_goes_with_it(post: Post) -> None:
    """While a receiver was away, each resend of what was given up before used up its tries."""
    one_that_fails_and_another(post, tries=8)
    for _ in range(5):
        let_pass(11 * 3600)
        post.send_due()
    services.resend(SYSTEM, Delivery.objects.get(state="given_up"))
    for _ in range(3):
        let_pass(400)
        post.send_due()
    assert states() == ["waiting", "waiting"]

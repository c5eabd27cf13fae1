"""What receivers answer is kept in the log of deliveries, without the secrets that they repeat."""

import pytest
from django.utils import timezone

from syteops.core.outbound import Answer
from syteops.deliveries.models import DeliveryAttempt
from syteops.deliveries.outcomes import Try
from syteops.integrations.catalogue import Setup
from syteops.integrations.queries import Installed
from syteops.integrations.sending import KEPT_ANSWER
from tests.deliveries.sending import Post
from tests.each import each
from tests.events.publish import a_system


def test_the_log_keeps_the_beginning_of_an_answer_and_no_secret(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installed, "setup", lambda one: Setup({}, {"token": "canary-token"}))
    post.answers["a"] = Answer(200, b"you sent canary-token \xff\0" + b"x" * 5000)
    a_system()
    post.deliver()
    answer = DeliveryAttempt.objects.get().answer
    assert "canary" not in answer
    assert "\0" not in answer
    assert len(answer) <= KEPT_ANSWER + 10


@pytest.mark.parametrize(
    "body",
    [
        b"x" * (KEPT_ANSWER - 7) + b"canary/token&<",
        rb'{"you sent": "canary\/token&<"}',
        b"<p>canary/token&amp;&lt;</p>",
        b"?token=canary%2Ftoken%26%3C",
    ],
    ids=["cut in the middle", "JSON of PHP", "HTML", "an address"],
)
def test_no_part_and_no_spelling_of_a_secret_is_kept(
    post: Post, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(Installed, "setup", lambda one: Setup({}, {"token": "canary/token&<"}))
    post.answers["a"] = Answer(200, body)
    a_system()
    post.deliver()
    answer = DeliveryAttempt.objects.get().answer
    assert "can" not in answer
    assert len(answer.encode()) <= KEPT_ANSWER


@each(
    "repeated",
    [
        ("https://n8n.example.com/webhook/canary-1", "The webhook POST canary-1 is not registered"),
        ("https://n8n.example.com/webhook/canary-1/", "<pre>Cannot POST /webhook/canary-1/</pre>"),
        ("https://hooks.slack.com/services/T0/B0/canarY", "/services/T0/B0/canarY was not found"),
        ("https://flow.example.com/canary%2F1/start", "no workflow canary/1"),
        ("https://flow.example.com/run?sig=canary1&v=1", "?v=1&sig=canary1 is wrong"),
        ("https://flow.example.com/canary-1", '{"path": "\\/canary-1"}'),
        ("HTTPS://flow.example.com/canary-1", "/canary-1"),
    ],
)
def test_an_address_that_is_a_secret_is_not_repeated_in_parts_either(
    repeated: tuple[str, str],
) -> None:
    """Who reads the log of deliveries could start the workflow with it."""
    url, body = repeated
    shown = Try(timezone.now(), 1, Answer(404, body.encode()), secrets=(url,)).shown_answer()
    assert "canar" not in shown
    assert len(shown) > 3

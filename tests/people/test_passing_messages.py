"""What is said to strangers is kept in their cookie, and nowhere else."""

import pytest
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory

from syteops.people.passing_messages import MOST, PassingMessages
from syteops.people.sessions import SessionStore

pytestmark = pytest.mark.django_db


def told(person: User | AnonymousUser, count: int) -> tuple[HttpResponse, SessionStore]:
    """The answer, and the session, after so many messages that have no room in a cookie."""
    request = RequestFactory().get("/")
    request.user, request.session = person, SessionStore()
    kept, answer = PassingMessages(request), HttpResponse()
    for number in range(count):
        kept.add(messages.WARNING, f"{number} " + "".join(map(chr, range(500, 1500))))
    kept.update(answer)
    return answer, request.session


def test_nothing_is_kept_of_a_stranger_s(alice: User) -> None:
    """Each call of his made a session, which stayed for two weeks."""
    assert told(AnonymousUser(), 5)[1].is_empty()
    assert not told(alice, 5)[1].is_empty()


def test_any_number_of_calls_is_one_cookie() -> None:
    stranger, sizes = Client(), set()
    for _ in range(MOST + 3):
        stranger.post("/admin/crm/crmsystem/add/", {"name": "Acme"})
        sizes.add(len(stranger.cookies["messages"].value))
    assert max(sizes) < CookieStorage.max_cookie_size
    assert len(sizes) <= MOST
    assert not Session.objects.exists()
    assert "Nothing was stored" in stranger.get("/admin/login/").content.decode()

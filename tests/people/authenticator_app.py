"""A person's authenticator app, and the pages that it is used on. Time passes as a test says."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as library
from django.contrib.auth.models import User
from django.test import Client

from syteops.audit.models import AuditEntry
from tests.fixtures import signed_in

SIGN_IN = "/admin/login/"
SECOND = "/admin/login/second-step/"
OWN = "/admin/second-factor/"


class Clock:
    """What the library takes for the time: stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_010

    def time(self) -> float:
        return self.now

    def pass_by(self, seconds: int = 30) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(library, "time", clock)
    return clock


@dataclass
class App:
    """What the phone knows, and the recovery codes on paper."""

    secret: str
    recovery: list[str]
    clock: Clock

    def code(self, steps: int = 0) -> str:
        counter = self.clock.now // 30 + steps
        return str(library.format_hotp_value(library.hotp_value(self.secret, counter)))


def scanned(client: Client) -> str:
    """The secret that the page of set-up shows."""
    text = client.get(OWN).content.decode()
    found = re.search(r'id="totp-secret"[^>]*>([A-Z2-7 ]+)<', text)
    assert found, "no secret is shown"
    return found[1].replace(" ", "")


def set_up(client: Client, clock: Clock) -> App:
    """Go through the page of set-up. The time of the first code is over then."""
    app = App(scanned(client), [], clock)
    answer = client.post(OWN, {"code": app.code()})
    app.recovery = shown_codes(answer)
    clock.pass_by()
    return app


@pytest.fixture
def app(alice: User, clock: Clock) -> App:
    """Of Alice, who has set it up and signed out."""
    return set_up(signed_in(alice), clock)


def shown_codes(answer: Any) -> list[str]:
    """The recovery codes on a page."""
    codes: list[str] = answer.context["codes"]
    assert all(one in answer.content.decode() for one in codes)
    return codes


def enter_password(client: Client, user: User, then: str = "") -> Any:
    fields = {"username": user.username, "password": f"{user.username}-password"}
    return client.post(SIGN_IN, {**fields, **({"next": then} if then else {})})


def enter_code(client: Client, code: str, **more: str) -> Any:
    return client.post(SECOND, {"code": code, **more})


def is_in(client: Client) -> bool:
    """Whether it is the browser of somebody who is signed in."""
    return "_auth_user_id" in client.session


def trail() -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(event__contains="second_factor")
    found |= AuditEntry.objects.filter(event__contains="recovery_codes")
    return [(one.event, one.actor_label, one.object_label) for one in found.order_by("id")]


def after_a_while(client: Client) -> Client:
    """The same browser; its sign-in is no fresh one any more."""
    session = client.session
    session["password_confirmed_at"] = 0
    session.save()
    return client

"""Signing in, in two steps where the person has a second factor.

Between them nobody is signed in: the session holds who gave the right password, and no page, no
API and no other tab takes that for a person. So there is no door that would have to be watched.
"""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextInputWidget

from syteops.core.counters import CounterKind, counters
from syteops.people.factors import has_factor, has_unreadable, use_code
from syteops.people.lockout import Patient, forget_tries
from syteops.people.sign_ins import SIGN_IN, network_actor, sign_in

PENDING = "second_step_of"
MINUTES = 10
"""How long a right password is good for the second step."""


class SignInView(Patient, LoginView):
    """The first step: the password."""

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        forget_tries(self.request, user)
        return continue_sign_in(self.request, user, user.backend, self.get_success_url())


def continue_sign_in(
    request: HttpRequest, user: Any, backend: str, then: str, operation: str = SIGN_IN
) -> HttpResponse:
    """Sign in whoever has passed the first step, or ask for the second; `then` is on this site.

    `operation` is how the trail calls the way in.
    """
    if not has_factor(user):
        sign_in(request, user, backend, operation)
        return HttpResponseRedirect(then)
    request.session.cycle_key()  # whoever knows the former id has not passed the first step
    request.session[PENDING] = {
        "person": user.pk,
        "backend": backend,
        "operation": operation,
        "at": time.time(),
        "hash": user.get_session_auth_hash(),
    }
    return HttpResponseRedirect(f"{reverse('admin:second_step')}?{urlencode({'next': then})}")


def pending_person(request: HttpRequest) -> User | None:
    """Who has passed the first step in this session, with today's password, a short while ago."""
    pending = request.session.get(PENDING)
    if not pending or not 0 <= time.time() - pending["at"] < MINUTES * 60:
        return None
    user = User.objects.filter(pk=pending["person"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return None
    return user


class SecondStepForm(forms.Form):
    """Takes a code of the app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        help_text="The six digits that your authenticator app shows, or a recovery code.",
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_code(self) -> str:
        """Raises ValidationError unless the code is the pending person's, and new."""
        person = pending_person(self.request)
        name, code = person.get_username() if person else "", self.cleaned_data["code"]
        # The token's name is one that Django hides from whoever listens to failures.
        if not name or authenticate(self.request, username=name, token=code) is None:
            told = [_WRONG, *([_UNREADABLE] if person and has_unreadable(person) else [])]
            raise forms.ValidationError(" ".join(told), "invalid")
        return ""


_WRONG = "This code is not right, or it was used already. Enter the newest one."
_UNREADABLE = (
    "What is stored of your app or your recovery codes cannot be read any more: ask somebody who "
    "manages people to remove your second factor."
)


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class SecondStepView(Patient, LoginView):
    """The second step: a code. Whoever has not passed the first one is sent there."""

    authentication_form = SecondStepForm  # type: ignore[assignment]
    template_name = "admin/second_step.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if pending_person(request) is None:
            request.session.pop(PENDING, None)
            wanted = self.get_redirect_url()
            asked = f"?{urlencode({'next': wanted})}" if wanted else ""
            return HttpResponseRedirect(f"{reverse('admin:login')}{asked}")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user, pending = pending_person(self.request), self.request.session.pop(PENDING)
        if user is None:
            raise PermissionDenied
        sign_in(self.request, user, pending["backend"], pending["operation"])
        return HttpResponseRedirect(self.get_success_url())


class CodeBackend(BaseBackend):
    """Checks codes as Django's other backend checks passwords.

    So the lock-out stands before it and counts what fails, and failures are in the trail. Beside
    that, wrong codes of a person are counted whatever address they come from: whoever tries them
    has the password, and may have many addresses.
    """

    def authenticate(self, request: HttpRequest | None, username: str, token: str) -> Any:  # type: ignore[override]
        user = User.objects.filter(username=username, is_active=True).first()
        if request is None or user is None:
            return None
        window, who = settings.AXES_COOLOFF_TIME * 3600, str(user.pk)
        # Counted before it is looked at: of codes that come at once, no more are looked at.
        if counters().add(CounterKind.WRONG_CODES, who, window) > most_wrong_codes():
            request.axes_locked_out = request.too_many_codes = True  # type: ignore[attr-defined]
            raise PermissionDenied
        actor = network_actor(request, "people.second_step", who, username)
        if use_code(actor, user, token):
            counters().take_back(CounterKind.WRONG_CODES, who, window)
            return user
        return None


def most_wrong_codes() -> int:
    """How many wrong codes of a person are looked at, from all addresses together."""
    return 4 * int(settings.AXES_FAILURE_LIMIT)

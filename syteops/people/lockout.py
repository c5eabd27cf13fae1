"""Who is kept from trying without end, and what is shown instead.

Whoever fails too often under a name is locked out of it (axes). Beside that an address may fail so
often a minute, whatever names it makes up: each try takes long, by intention, and leaves a row.
Where no name is given, as to OpenID Connect, that limit of the address alone holds: to lock "no
name" would let anybody behind an address shut out for hours all the others who share it.
"""

import hmac
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from syteops.core.addresses import lockout_address
from syteops.core.counters import CounterKind, counters, seconds_left
from syteops.core.removing import remove

MOST_A_MINUTE = 30
"""Failed sign-ins from an address, and passkeys asked for, under all names together."""
_WINDOW = 60


def note_try(request: HttpRequest) -> None:
    """Count what did not sign in, or not yet."""
    counters().add(CounterKind.TRIES_OF_ADDRESS, lockout_address(request), _WINDOW)


def has_to_wait(request: HttpRequest) -> bool:
    """Whether so much was tried from this address that nothing more is looked at this minute."""
    tries = counters().read(CounterKind.TRIES_OF_ADDRESS, lockout_address(request), _WINDOW)
    return tries >= MOST_A_MINUTE


def wait(request: HttpRequest) -> HttpResponse:
    """What is answered to who has to wait."""
    seconds = seconds_left(_WINDOW)
    answer = locked_out(request, seconds=seconds)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def is_nameless(request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
    """Whether what is tried names nobody, so that nobody's name is to be locked."""
    return credentials is not None and not credentials.get("username")


class OneAfterTheOther:
    """Lets no more passwords be looked at than may fail, however many come at the same time.

    The lock-out counts what has failed, and a password takes long: many processes would each look
    at some before the first one is counted. Here they are counted beforehand. It knows nobody, as
    the back end of axes: signing in without a password must not choose it.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None
    ) -> None:
        """Signs in nobody. Raises PermissionDenied for one too many."""
        if request is None or not username or password is None:
            return
        if counters().add(*_tried(request, username)) > settings.AXES_FAILURE_LIMIT:
            request.axes_locked_out = True  # type: ignore[attr-defined]
            raise PermissionDenied


def forget_tries(request: HttpRequest, user: Any) -> None:
    """Whose password was right has not failed."""
    tried = _tried(request, user.get_username())
    for _ in range(counters().read(*tried)):
        counters().take_back(*tried)


def _tried(request: HttpRequest, username: str) -> tuple[CounterKind, str, int]:
    return CounterKind.TRIED_PASSWORDS, f"{lockout_address(request)}\0{username}", _WINDOW


def kept_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """Under what the lock-out keeps what was typed as a name: as it is where a person has it.

    Of anything else a MAC: people type their passwords there, and the database would show them.
    """
    typed = (credentials or request.POST).get("username")
    if not typed or User.objects.filter(username=typed).exists():
        return typed
    return hmac.digest(settings.SECRET_KEY.encode(), typed.encode(), "sha256").hex()


class LockoutHandler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts what fails, and keeps nothing of the form that was sent with it.

    That may hold any password, such as the new one of somebody else: it is not only signing in
    that fails, but whatever asks for one's own password.
    """

    def user_login_failed(
        self, sender: Any, credentials: Any, request: Any = None, **kwargs: Any
    ) -> None:
        if request is None:
            return
        sent = request.GET, request.POST
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **kwargs)
        finally:
            request.GET, request.POST = sent


def forget_old_sign_ins() -> None:
    """Failures that lock nobody any more, and the log that former versions kept beside our trail.
    What failed while the clock was ahead locks from now on."""
    AccessLog.objects.all().delete()
    now, lasting = timezone.now(), timedelta(hours=settings.AXES_COOLOFF_TIME)
    remove(AccessAttempt.objects.filter(attempt_time__lt=now - lasting))
    AccessAttempt.objects.filter(attempt_time__gt=now).update(attempt_time=now)


class Patient:
    """A view that looks at nothing that is sent by who has to wait."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_to_wait(request):
            return wait(request)
        return super().post(request, *args, **kwargs)  # type: ignore[misc,no-any-return]


def locked_out(
    request: HttpRequest, response: Any = None, credentials: Any = None, seconds: int = 0
) -> HttpResponse:
    """The page that says so, in place of whatever was to be answered."""
    context = {
        **admin.site.each_context(request),
        "title": "Locked out",
        "hours": settings.AXES_COOLOFF_TIME,
        "too_many_codes": getattr(request, "too_many_codes", False),
        "seconds": seconds,
    }
    return render(request, "admin/locked_out.html", context, status=429)

"""Sign-ins, failed ones and sign-outs in the audit trail.

Failed ones are kept ten times a minute for each address and person, so that guessing does not
flood the trail; the lock-out has long closed the door by then.
"""

from contextlib import suppress
from typing import Any

import axes.signals  # noqa: F401 - its receiver is first: it tells who is locked out
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from syteops.audit.chain import TrailBroken
from syteops.audit.services import record_about, record_refusal
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address, counted_address
from syteops.core.counters import CounterKind, counters
from syteops.core.events import Noun, Verb
from syteops.people.lockout import note_try
from syteops.people.services import PEOPLE, about

KEPT_PER_MINUTE = 10
SIGN_IN = "people.sign_in"
PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"  # noqa: S105 - a name
"""Of every session: the one that knows what rights a person has."""
_OPERATIONS = {"token": "people.second_step", "openid_token": "people.openid"}
"""What fails, by the credential that Django's `authenticate` was given."""


def sign_in(request: HttpRequest, user: Any, backend: str, operation: str) -> None:
    """Begin a session. `operation` is how the trail calls the way in."""
    request.sign_in_operation = operation  # type: ignore[attr-defined]
    login(request, user, backend)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Keep who came in, when and from where."""
    if request is not None and _came_over_the_network(request):
        request.session.set_expiry(None)  # it was a stranger's until now: see `passkeys`
        operation = getattr(request, "sign_in_operation", SIGN_IN)
        actor = network_actor(request, operation, str(user.pk), user.get_username())
        record_about(actor, Noun.PERSON, Verb.SIGNED_IN, about(user))


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Keep who left. A session that had ended by itself leaves nothing to say.

    A broken trail keeps nobody in.
    """
    if user is not None and _came_over_the_network(request):
        actor = network_actor(request, "people.sign_out", str(user.pk), user.get_username())
        with suppress(TrailBroken):
            record_about(actor, Noun.PERSON, Verb.SIGNED_OUT, about(user))


@receiver(user_login_failed)
def note_failure(
    credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Keep a failed attempt; the name typed only if it is a person's, for it may be a password."""
    if request is None or not _came_over_the_network(request):
        return
    note_try(request)
    typed = str(credentials.get("username") or "")
    person = User.objects.filter(username=typed).first() if typed else None
    operation = next((one for name, one in _OPERATIONS.items() if name in credentials), SIGN_IN)
    actor = network_actor(request, operation, *_who_is_signed_in(request))
    who = f"{counted_address(actor.address)} {person and person.pk}"
    if counters().add(CounterKind.FAILED_SIGN_INS, who, 60) > KEPT_PER_MINUTE:
        return
    locked = getattr(request, "axes_locked_out", False)
    record_refusal(
        actor,
        PEOPLE,
        str(person.pk) if person else "",
        "throttled" if locked else "not_authenticated",
        label=person.get_username() if person else "",
        noun=Noun.PERSON,
        verb=Verb.SIGN_IN_FAILED,
    )


def _who_is_signed_in(request: Any) -> tuple[str, str]:
    """Id and name of whoever confirms a password; blank for whoever signs in."""
    user = getattr(request, "user", None)
    return (str(user.pk), user.get_username()) if user and user.is_authenticated else ("", "")


def _came_over_the_network(request: HttpRequest | None) -> bool:
    """Whether there is a real request; programs and shells make sessions without one."""
    return request is not None and "REQUEST_METHOD" in request.META


def network_actor(request: HttpRequest | None, operation: str, id_: str, label: str) -> Actor:
    """Whoever stands before the door; with an id, the person that it has proved to be."""
    assert request is not None
    return Actor(
        ActorKind.PERSON if id_ else ActorKind.CLIENT,
        id_,
        label,
        Channel.ADMIN,
        operation,
        getattr(request, "request_id", ""),
        client_address(request),
    )

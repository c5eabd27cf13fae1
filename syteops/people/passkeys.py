"""Passkeys (WebAuthn): a device that proves itself and, by PIN, finger or face, its person.

That is two factors at once, so a passkey signs in by itself. The library checks what browsers send;
each challenge is good for one answer. The host that was asked for is what they are for.
"""

import json
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode

from syteops.audit.services import record_about
from syteops.core.actors import Actor
from syteops.core.errors import Invalid, NotFound
from syteops.core.events import Noun, Verb
from syteops.people.factors import (
    Kind,
    factor_added,
    factors_of,
    lock_factors,
    remove_factors,
)
from syteops.people.lockout import Patient, has_to_wait, note_try
from syteops.people.services import about
from syteops.people.sessions import end_sessions
from syteops.people.sign_ins import PASSWORD_BACKEND, SIGN_IN, sign_in

CHALLENGED = 600
"""Seconds that a stranger has to answer a challenge."""
LONGEST = 20_000
"""Characters of an answer that is looked at; a browser's has some hundred."""
MOST = 20


def _library() -> Any:
    """Imported here, for the sake of starts: few processes ever see a passkey."""
    from allauth.mfa.webauthn.internal import auth

    return auth


def creation_options(user: User) -> dict[str, Any]:
    """What the browser is asked for a new passkey of this person."""
    options: dict[str, Any] = _library().begin_registration(user, passwordless=True)
    return options


@transaction.atomic
def add_passkey(actor: Actor, user: User, name: str, answer: str, session_key: str) -> list[str]:
    """Keep the passkey that the browser made. What follows is as with `add_totp`.

    Raises Invalid for what is no answer to the challenge of this session.
    """
    lock_factors(user)
    passkeys = factors_of(user).filter(type=Kind.WEBAUTHN)
    if passkeys.count() >= MOST:
        raise Invalid.field("name", f"{MOST} passkeys are enough. Remove one first.")
    try:
        credential = json.loads(answer)
        _library().parse_registration_response(credential)
        _library().complete_registration(credential)
    except Exception as error:  # of a stranger's making: whatever it stumbles over
        raise Invalid.field("credential", "The passkey was not made. Try again.") from error
    finally:
        _library().clear_state()
    _library().WebAuthn.add(user, name, credential)
    return factor_added(actor, user, Kind.WEBAUTHN, session_key)


@transaction.atomic
def remove_passkey(actor: Actor, user: User, pk: int, session_key: str) -> None:
    """Remove one passkey; with the last second factor the recovery codes go, too.

    Every other session of the person ends: one of them may have begun with that passkey, on a
    device that is lost. Raises NotFound for one that is not this person's.
    """
    lock_factors(user)
    rows = factors_of(user)
    passkey = rows.filter(type=Kind.WEBAUTHN, pk=pk).first()
    if passkey is None:
        raise NotFound("There is no such passkey of yours.")
    if rows.count() == 1:
        remove_factors(actor, user, session_key)
        return
    record_about(
        actor, Noun.PERSON, Verb.FACTOR_REMOVED, about(user), {"kind": (Kind.WEBAUTHN, None)}
    )
    passkey.delete()
    end_sessions(user, but=session_key)


def any_passkeys() -> bool:
    """Whether anybody here could sign in with one."""
    return bool(Authenticator.objects.filter(type=Kind.WEBAUTHN).exists())


# --- Signing in ----------------------------------------------------------------------------


class AnswerForm(forms.Form):
    """Takes what the browser's passkey answers to the challenge."""

    # Whatever it is, it is looked at: what the form refused would not count as a failure.
    credential = forms.Field(required=False)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_credential(self) -> Any:
        """The person. Raises ValidationError for an answer that proves nobody."""
        answer = self.cleaned_data["credential"][:LONGEST]  # cut off, it is no answer any more
        name = claimed_name(answer)
        person = authenticate(self.request, username=name, passkey=answer)
        if person is None:
            raise forms.ValidationError("This passkey is not known here.", "invalid")
        return person


class PasskeyView(Patient, LoginView):
    """Sends a challenge, and signs in whoever answers it. Only to POST, which strangers cannot."""

    authentication_form = AnswerForm  # type: ignore[assignment]
    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "credential" in request.POST or has_to_wait(request):
            return super().post(request, *args, **kwargs)
        note_try(request)  # it is kept, in a session of its own for each stranger
        if not request.user.is_authenticated:
            # Else strangers' sessions would be among all others for weeks: see `end_sessions`.
            request.session.set_expiry(CHALLENGED)
        return JsonResponse(_library().begin_authentication(None))

    def form_valid(self, form: Any) -> HttpResponse:
        sign_in(self.request, form.cleaned_data["credential"], PASSWORD_BACKEND, SIGN_IN)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, "This passkey is not known here, or it took too long.")
        wanted = self.get_redirect_url()
        asked = f"?{urlencode({'next': wanted})}" if wanted else ""
        return HttpResponseRedirect(f"{reverse('admin:login')}{asked}")


def claimed_name(answer: str) -> str:
    """Whose passkey it says that it is; "" where that is nobody. It proves nothing."""
    try:
        return str(_library().extract_user_from_response(json.loads(answer)).get_username())
    except Exception:  # noqa: BLE001 - of a stranger's making: whatever it stumbles over
        return ""


class PasskeyBackend(BaseBackend):
    """Checks passkeys, so that the lock-out and the trail see failures as those of passwords."""

    def authenticate(self, request: HttpRequest | None, username: str, passkey: str) -> Any:  # type: ignore[override]
        rows = User.objects.filter(username=username, is_active=True, is_staff=True)
        user = rows.first() if username else None
        try:
            factor = user and _library().complete_authentication(user, json.loads(passkey))
        except Exception:  # noqa: BLE001 - of a stranger's making: whatever it stumbles over
            factor = None
        finally:
            _library().clear_state()
        if not factor or not _counts_on(factor, json.loads(passkey)):
            return None
        factor.record_usage()
        return user


@transaction.atomic
def _counts_on(passkey: Authenticator, answer: dict[str, Any]) -> bool:
    """Whether it has counted on since its last answer, if it counts (WebAuthn, section 7.2).

    Else it is a copy of the device, or the device after its copy was used.
    """
    count = _library().parse_authentication_response(answer).response.authenticator_data.counter
    row = Authenticator.objects.select_for_update().filter(pk=passkey.pk).first()
    if row is None:
        return False
    last = row.data.get(_COUNT, 0)
    if (count or last) and count <= last:
        return False
    if count:
        passkey.data[_COUNT] = row.data[_COUNT] = count
        row.save(update_fields=["data"])
    return True


_COUNT = "sign_count"

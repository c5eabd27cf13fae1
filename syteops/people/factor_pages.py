"""The pages of one's own two-step sign-in, in the account menu; and the removal of somebody's."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextInputWidget

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.errors import show_refusal
from syteops.core.encryption import UnsealError
from syteops.core.errors import DomainError
from syteops.core.form_fields import LineField
from syteops.people import factors, passkeys
from syteops.people.confirmation import ConfirmedForm

_SECRET = "new_totp"  # noqa: S105 - where in the session it waits, sealed, for its first code


class FirstCodeForm(ConfirmedForm):
    """Shows that the app has the secret."""

    code = forms.CharField(
        label="Code",
        max_length=10,
        help_text="The six digits that the app shows now.",
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )


def urls() -> list[URLPattern]:
    """Only for who is signed in. Passwords and codes stay out of reports."""
    return [
        path("second-factor/", _page(_show), name="second_factor"),
        path("second-factor/app/", _page(_set_up_app), name="second_factor_app"),
        path("second-factor/passkey/", _page(_add_passkey), name="second_factor_passkey"),
        path(
            "second-factor/passkey/<int:pk>/",
            _page(_remove_passkey),
            name="second_factor_passkey_off",
        ),
        path("second-factor/codes/", _page(_renew), name="second_factor_codes"),
        path("second-factor/off/", _page(_switch_off), name="second_factor_off"),
    ]


def _page(view: Callable[..., HttpResponse]) -> Callable[..., Any]:
    return admin.site.admin_view(sensitive_post_parameters("password", "code")(view))


def _show(request: HttpRequest) -> HttpResponse:
    """What there is; or the way to a first one."""
    rows = [*factors.factors_of(_person(request))]
    if not rows:
        return _set_up_app(request)
    left = factors.recovery_codes_left(_person(request))
    has_app = any(one.type == factors.Kind.TOTP for one in rows)
    is_spoilt = factors.has_unreadable(_person(request))
    return _render(
        request, "state", factors=rows, left=left, has_app=has_app, has_unreadable=is_spoilt
    )


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _session_key(request: HttpRequest) -> str:
    """Of the session that goes on when the person's others end."""
    return request.session.session_key or ""


def _set_up_app(request: HttpRequest) -> HttpResponse:
    """The way to an authenticator app."""
    form = FirstCodeForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            secret = factors.Adapter().decrypt(request.session.get(_SECRET, ""))
            return _render_codes(request, _add(request, secret, form.cleaned_data["code"]))
        except UnsealError:
            messages.warning(request, "The page was too old. Scan the new picture.")
        except DomainError as refusal:
            show_refusal(form, refusal)
    return _ask_for_code(request, form)


def _add(request: HttpRequest, secret: str, code: str) -> list[str]:
    actor = admin_actor(request, "people.add_second_factor")
    codes = factors.add_totp(actor, _person(request), secret, code, _session_key(request))
    del request.session[_SECRET]
    return codes


def _ask_for_code(request: HttpRequest, form: forms.Form) -> HttpResponse:
    """The secret stays the same while codes are tried, and is in the session sealed alone."""
    user, adapter = _person(request), factors.Adapter()
    try:
        secret = adapter.decrypt(request.session.get(_SECRET, ""))
    except UnsealError:
        secret = factors.new_secret()
        request.session[_SECRET] = adapter.encrypt(secret)
    picture = b64encode(factors.totp_picture(user, secret).encode()).decode()
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return _render(
        request,
        "setup",
        form=form,
        picture=picture,
        secret=grouped,
        wanted=factors.is_missing(user),
    )


class PasskeyForm(ConfirmedForm):
    """A new passkey, as the browser made it, under a name."""

    name = LineField(
        label="Name",
        max_length=50,
        initial="Passkey",
        help_text="So that you know it in the list, such as “Phone” or “Key on the ring”.",
        widget=UnfoldAdminTextInputWidget(),
    )
    credential = forms.CharField(
        max_length=passkeys.LONGEST, required=False, widget=forms.HiddenInput
    )


def _add_passkey(request: HttpRequest) -> HttpResponse:
    """The script of the page asks the browser, and sends what it answers."""
    user = _person(request)
    form = PasskeyForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        actor, key = admin_actor(request, "people.add_second_factor"), _session_key(request)
        name, answer = form.cleaned_data["name"], form.cleaned_data["credential"]
        try:
            return _render_codes(request, passkeys.add_passkey(actor, user, name, answer, key))
        except DomainError as refusal:
            show_refusal(form, refusal)
    options = passkeys.creation_options(user)
    return _render(request, "passkey", form=form, options=options, wanted=factors.is_missing(user))


def _remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    def remove() -> HttpResponse:
        actor = admin_actor(request, "people.remove_second_factor")
        passkeys.remove_passkey(actor, _person(request), pk, _session_key(request))
        messages.success(request, "The passkey was removed.")
        return HttpResponseRedirect(reverse("admin:second_factor"))

    return _confirmed(request, "passkey_off", remove)


def _renew(request: HttpRequest) -> HttpResponse:
    """Asks, then shows new recovery codes, this once."""
    return _confirmed(request, "renew", lambda: _render_codes(request, _renewed(request)))


def _renewed(request: HttpRequest) -> list[str]:
    actor = admin_actor(request, "people.make_recovery_codes")
    return factors.renew_recovery_codes(actor, _person(request))


def _switch_off(request: HttpRequest) -> HttpResponse:
    """Asks, then the password alone is enough."""

    def remove() -> HttpResponse:
        actor = admin_actor(request, "people.remove_second_factor")
        factors.remove_factors(actor, _person(request), _session_key(request))
        messages.success(request, _off(request))
        return HttpResponseRedirect(reverse("admin:second_factor"))

    return _confirmed(request, "off", remove)


def _off(request: HttpRequest) -> str:
    """What holds now; where the site wants another step, the page that follows says so."""
    alone = "" if factors.is_missing(_person(request)) else " The password alone signs you in."
    return f"Two-step sign-in is off.{alone}"


def _confirmed(
    request: HttpRequest, template: str, act: Callable[[], HttpResponse]
) -> HttpResponse:
    form = ConfirmedForm(request, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _render(request, template, form=form)
    try:
        return act()
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(reverse("admin:second_factor"))


def _render_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """The recovery codes, in this response and never again. `admin_view` makes it `no-store`."""
    if not codes:  # there were some already
        messages.success(request, "It is set up. Your recovery codes stay the same.")
        return HttpResponseRedirect(reverse("admin:second_factor"))
    shown = [f"{one[:4]} {one[4:8]} {one[8:]}" for one in codes]
    name = f"{settings.SITE_NAME}, {request.user.get_username()}"
    file = "\n".join([f"Recovery codes: {name}", "Each works once.", "", *shown, ""])
    return _render(
        request, "codes", codes=shown, file=f"data:text/plain;charset=utf-8,{quote(file)}"
    )


def _render(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    required = settings.SECOND_FACTOR == "required"
    page = {"title": "Two-step sign-in", "required": required, **context}
    context = {**admin.site.each_context(request), **page}
    return TemplateResponse(request, f"admin/second_factor/{name}.html", context)

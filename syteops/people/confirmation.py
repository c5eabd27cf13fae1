"""Is it still the same person? Dangerous forms ask for the password when the sign-in is old.

A wrong password counts for the lock-out like one on the sign-in page.
"""

import time
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.dispatch import receiver
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget

from syteops.adminkit.acting import admin_actor
from syteops.core.errors import NotFound
from syteops.people.lockout import forget_tries
from syteops.people.services import set_password

_CONFIRMED_AT = "password_confirmed_at"
_ASKED = "own_password"


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, **kwargs: Any) -> None:
    """Whoever has just signed in need not do so again."""
    confirm(request)


def confirm(request: HttpRequest) -> None:
    """Note in the session that its person has just given the password."""
    request.session[_CONFIRMED_AT] = time.time()


def is_recent(request: HttpRequest) -> bool:
    """Whether this session's person gave the password within CONFIRM_PASSWORD_MINUTES."""
    session = getattr(request, "session", {})
    age = time.time() - session.get(_CONFIRMED_AT, 0)
    return bool(0 <= age < settings.CONFIRM_PASSWORD_MINUTES * 60)


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """Signs in. Nobody has a name that is too long: Django would look for it, and count failures
    under it, in a column that may not take it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["username"]
        field.validators = [*field.validators, MaxLengthValidator(field.max_length)]


def _password_field() -> forms.CharField:
    return forms.CharField(
        label="Your password",
        strip=False,
        help_text="You signed in a while ago. Confirm that it is still you.",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )


class ConfirmedForm(forms.Form):
    """A form that asks for the password unless it was given a short while ago."""

    password = _password_field()

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        if is_recent(request):
            del self.fields["password"]
        else:
            self.fields["password"] = self.fields.pop("password")  # the last thing asked

    @sensitive_variables("password")
    def clean_password(self) -> str:
        """Raises ValidationError for a wrong password; a right one is good for a while."""
        check_password(self.request, self.cleaned_data["password"])
        confirm(self.request)
        return ""


class ConfirmingForm(forms.BaseForm):
    """What the form of a `ConfirmedAdmin` becomes. Its model may have a `password` of its own."""

    request: ClassVar[HttpRequest]

    @sensitive_variables("password")
    def clean_own_password(self) -> str:
        """Raises ValidationError for a wrong password; a right one is good for a while."""
        check_password(self.request, self.cleaned_data[_ASKED])
        confirm(self.request)
        return ""


def confirming(request: HttpRequest, form: Any) -> Any:
    """The form's class as one that asks, unless the password was given a short while ago."""
    asked = {} if is_recent(request) else {_ASKED: _password_field()}
    return type("Form", (ConfirmingForm, form), {"request": request, **asked})


class ConfirmedAdmin:
    """An admin whose forms give somebody a way in that outlives the session they are sent from."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if "fields" not in kwargs:
            kwargs["fields"] = flatten_fieldsets(self.get_fieldsets(request, obj))
        shown = kwargs["fields"]
        if shown is None:  # only to see which fields there are
            return super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        kwargs["fields"] = [name for name in shown if name != _ASKED]
        made = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        return confirming(request, made)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the password as the last thing asked, of who may send the form."""
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        sends = obj is None or self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        if is_recent(request) or not sends:
            return fieldsets
        return [*fieldsets, (None, {"fields": [_ASKED]})]


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]
    """Changes one's own password. Guessing the old one is locked out like guessing at sign-in."""

    def __init__(
        self, *args: Any, request: HttpRequest, is_first: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        if is_first:
            self.fields["old_password"].label = "One-time password"

    @sensitive_variables("password")
    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        check_password(self.request, password)
        return password

    def save(self, commit: bool = True) -> Any:
        """Store the password alone: what was decided of the person meanwhile stands.

        Raises PermissionDenied for somebody who was deleted; Django would make the person anew.
        """
        actor = admin_actor(self.request, "people.change_password")
        try:
            set_password(actor, self.user, self.cleaned_data["new_password1"])
        except NotFound as gone:
            raise PermissionDenied from gone
        return self.user


@sensitive_variables("password")
def check_password(request: HttpRequest, password: str) -> None:
    """Raises ValidationError unless it is the password of who is signed in, or when locked out."""
    username = request.user.get_username()
    # Who signs in by OpenID Connect.
    if isinstance(request.user, User) and not request.user.has_usable_password():
        told = "You have no password here. Sign out and in again; then you are not asked."
        raise forms.ValidationError(told, code="invalid")
    person = authenticate(request, username=username, password=password)
    if person is None or person.pk != request.user.pk:
        raise forms.ValidationError("This is not your password.", code="invalid")
    forget_tries(request, person)

"""Forms in which people are named."""

from typing import Any

from django import forms
from django.contrib.auth import forms as auth
from django.contrib.auth.models import User
from unfold.forms import UserChangeForm as ThemedChangeForm

from syteops.core.form_fields import LineField, field_of
from syteops.people.usernames import require_own_address, require_own_name


class UsernameField(LineField, auth.UsernameField):
    """As Django's, on one line."""


FIELDS = {"username": UsernameField}
"""For `Meta.field_classes` of a `NamingForm`."""


class NamingForm(forms.BaseForm):
    """A form of a person, whose name may be nobody else's: see `require_own_name`."""

    instance: Any
    mine = ""

    def clean_username(self) -> str:
        """Raises ValidationError."""
        name: str = self.cleaned_data["username"]
        if "username" in self.changed_data:
            require_own_name(User(pk=self.instance.pk, username=name), self.mine)
        return name


class UserChangeForm(NamingForm, ThemedChangeForm):  # type: ignore[misc]
    """A person's form."""

    class Meta(ThemedChangeForm.Meta):  # type: ignore[misc]
        field_classes = FIELDS
        formfield_callback = field_of

    def clean_email(self) -> str:
        """Raises ValidationError."""
        address: str = self.cleaned_data["email"]
        if "email" in self.changed_data:
            require_own_address(User(pk=self.instance.pk, email=address))
        return address

"""Names to sign in with: on one line, and no two that people take for one."""

from typing import Any

from django import forms
from django.contrib.auth import forms as auth
from django.contrib.auth.models import User
from unfold.forms import UserChangeForm as ThemedChangeForm

from syteops.core.form_fields import LineField, field_of
from syteops.lib.folding import fold


class UsernameField(LineField, auth.UsernameField):
    """As Django's, on one line, and with something to be seen in it."""


FIELDS = {"username": UsernameField}
"""For `Meta.field_classes` of a `NamingForm`."""


class NamingForm(forms.BaseForm):
    """A form of a person whose name may be nobody else's, also in other case or accents, or with
    letters that nobody sees: whoever reads the audit trail would take one for the other."""

    instance: Any

    def clean_username(self) -> str:
        """Raises ValidationError."""
        name: str = self.cleaned_data["username"]
        others = User.objects.exclude(pk=self.instance.pk).values_list("username", flat=True)
        if "username" in self.changed_data and fold(name) in map(fold, others):
            raise self.instance.unique_error_message(User, ["username"])
        return name


class UserChangeForm(NamingForm, ThemedChangeForm):  # type: ignore[misc]
    """A person's form."""

    class Meta(ThemedChangeForm.Meta):  # type: ignore[misc]
        field_classes = FIELDS
        formfield_callback = field_of

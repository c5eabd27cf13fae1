"""The forms of an invitation: what is given, and what the invited choose for themselves."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from syteops.adminkit.service_admin import ServiceForm
from syteops.core.errors import Forbidden
from syteops.core.form_fields import field_of
from syteops.invitations.models import Invitation
from syteops.people.queries import lacking, permission_names
from syteops.people.username_forms import FIELDS, NamingForm

_TERMS = (1, 3, 7, 14, 30)


class InvitationForm(ServiceForm):
    """Who is invited, to what, and until when. `rights` and `groups` are the admin's to add."""

    # Chosen with the form, so that a form sent twice makes one invitation.
    made_as = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    days = forms.TypedChoiceField(
        label="The link works",
        choices=[(one, f"{one} day{'s' if one > 1 else ''}") for one in _TERMS],
        initial=7,
        coerce=int,
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        """The page that shows the link was loaded again: nothing is made a second time.

        Raises Forbidden for what was not offered: nobody chooses that by a mistake.
        """
        cleaned: dict[str, Any] = super().clean()
        if self.refusal is None and (beyond := _beyond(self)):
            raise Forbidden(f"You may not give these {beyond}. Nobody gives more than he holds.")
        if (uid := cleaned.get("made_as")) and Invitation.objects.filter(uid=uid).exists():
            detail = "It was made already. Its link was shown once: delete it to make another."
            raise forms.ValidationError(detail, "not_unique")
        return cleaned


def _beyond(form: forms.BaseForm) -> str:
    """The field in which something was chosen that was not offered; "" if there is none."""
    codes = {name: {one.code for one in found} for name, found in form.errors.as_data().items()}
    return next((one for one in ("rights", "groups") if "invalid_choice" in codes.get(one, ())), "")


def groups_field(holder: Any) -> forms.Field:
    """The groups that somebody may put others into: those that can do no more than he."""
    groups = offered_groups(holder)
    return forms.ModelMultipleChoiceField(
        groups.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "so-ticks"}),
        help_text="" if groups.exists() else "There is no group whose rights you all hold.",
    )


def offered_groups(holder: Any) -> QuerySet[Group]:
    """Those with no permission that the holder lacks."""
    beyond = lacking(holder, permission_names(Permission.objects.all()))
    unheld = [
        pk
        for pk, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
        if f"{app}.{codename}" in beyond
    ]
    through = Group.permissions.through.objects.filter(permission__in=unheld)
    return Group.objects.exclude(pk__in=through.values("group"))


class AcceptForm(NamingForm, UserCreationForm[User]):
    """Name and password of the invited, by the same rules as everybody's."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email")
        field_classes = FIELDS
        formfield_callback = field_of

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if invitation.email:
            del self.fields["email"]
            self.instance.email = self.mine = invitation.email  # passwords must not be like it
        for name, field in self.fields.items():
            widget = _WIDGETS.get(name, UnfoldAdminTextInputWidget)
            complete = _COMPLETED_AS.get(name, "new-password")
            field.widget = widget(attrs={"autocomplete": complete})
            if isinstance(field, forms.CharField) and field.max_length:
                field.widget.attrs["maxlength"] = field.max_length


_WIDGETS = {
    "email": UnfoldAdminEmailInputWidget,
    "password1": UnfoldAdminPasswordWidget,
    "password2": UnfoldAdminPasswordWidget,
}
_COMPLETED_AS = {
    "username": "username",
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
}

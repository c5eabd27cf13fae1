"""The e-mail to a client as it will go, to be changed before it does."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from estimates.branding import brand
from estimates.choices import MailKind
from estimates.mails import letter, sender
from estimates.models import LONGEST_MESSAGE, LONGEST_SUBJECT, Estimate
from syteops.core.form_fields import LineField, SwitchField, TextField
from syteops.modules.queries import config_of


class MailForm(forms.Form):
    """Subject and text, as the module's config has them for this estimate."""

    estimate: ClassVar[Estimate]

    subject = LineField(max_length=LONGEST_SUBJECT, widget=UnfoldAdminTextInputWidget)
    message = TextField(
        max_length=LONGEST_MESSAGE,
        label="Text",
        help_text="{link} stands for the address of the client’s page.",
        widget=UnfoldAdminTextareaWidget({"rows": 14}),
    )

    def __init__(self, data: Any = None) -> None:
        written = letter(self.estimate, MailKind.ESTIMATE)
        super().__init__(data, initial={"subject": written.subject, "message": written.text})

    @property
    def sender(self) -> str:
        """From whom it will be."""
        return sender(config_of("estimates")["sender_name"] or brand().company)


class SendForm(MailForm):
    """The same, with the choice to make the link alone."""

    email = SwitchField(
        required=False,
        initial=True,
        label="Send this e-mail",
        help_text="If not, the estimate is frozen and its link made, for you to pass on.",
        widget=UnfoldBooleanSwitchWidget,
    )


def about(form: type[MailForm], estimate: Estimate) -> type[MailForm]:
    """The form for that estimate."""
    return type(form.__name__, (form,), {"estimate": estimate})

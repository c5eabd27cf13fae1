"""The form of a webhook: events are chosen by what people call them."""

import uuid
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from syteops.adminkit.service_admin import ServiceForm
from syteops.integrations.event_choices import CHOOSING, event_choices
from syteops.webhooks.models import Webhook


class WebhookForm(ServiceForm):
    """A webhook, and the events that it gets."""

    # Chosen with the form, so that a form sent twice makes one webhook.
    made_as = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    types = forms.MultipleChoiceField(
        label="Events",
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text=CHOOSING,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "types" in self.fields:
            choices = event_choices(self.instance.types or ())
            self.fields["types"].choices = choices  # type: ignore[attr-defined]
        if self.instance.pk:
            self.fields.pop("made_as", None)

    def clean(self) -> dict[str, Any]:
        """The page that shows the secret was loaded again: nothing is made a second time."""
        cleaned: dict[str, Any] = super().clean()
        if (uid := cleaned.get("made_as")) and Webhook.objects.filter(uid=uid).exists():
            detail = "It was added already. Its secret was shown once: rotate it to get another."
            raise forms.ValidationError(detail, "not_unique")
        return cleaned

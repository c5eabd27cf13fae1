"""The form of a webhook: events are chosen by what people call them."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from syteops.adminkit.service_admin import ServiceForm
from syteops.core.events import Verb
from syteops.events.catalogue import EVERYTHING, Kind, all_kinds
from syteops.webhooks.models import Webhook

_WORDS = {
    Verb.CREATED: "added",
    Verb.UPDATED: "changed",
    Verb.SECRET_SET: "secret stored",
    Verb.SECRET_CLEARED: "secret cleared",
}


def event_choices(stored: Iterable[str] = ()) -> list[Any]:
    """Every event, in groups by what it is about; and what is stored, whatever it is."""
    groups = [_group(one) for one in all_kinds().values()]
    known = {value for _, choices in groups for value, _ in choices}
    lost = [(one, one) for one in stored if one not in known and one != EVERYTHING]
    return [(EVERYTHING, "Everything that happens"), *lost, *groups]


def _group(kind: Kind) -> tuple[str, list[tuple[str, str]]]:
    name = kind.name[:1].upper() + kind.name[1:]
    each = [(f"{kind.noun}.{verb}", f"{name}: {_in_words(verb)}") for verb in kind.verbs]
    return name, [(kind.pattern, f"{name}: everything"), *each]


def _in_words(verb: Verb) -> str:
    return _WORDS.get(verb, verb.replace("_", " "))


class WebhookForm(ServiceForm):
    """A webhook, and the events that it gets."""

    # Chosen with the form, so that a form sent twice makes one webhook.
    made_as = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    types = forms.MultipleChoiceField(
        label="Events",
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text="Type to search. You can choose what you may read.",
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

"""The forms of the key pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from manage_api.keys import rights, tokens
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS, Preset, accesses
from manage_api.keys.queries import possible_sponsors
from manage_api.keys.validators import default_days
from manage_api.openapi.tags import of_operation
from manage_api.operations import Access, all_scopes, operations_on
from syteops.adminkit.matrix import Matrix, MatrixWidget, Row
from syteops.adminkit.searched_choices import make_searched
from syteops.core.errors import DomainError, Invalid
from syteops.core.form_fields import LineField
from syteops.people.confirmation import ConfirmedForm

_TERMS = (7, 30, 90, 180, 365)
_OVERLAPS = (
    (0, "At once"),
    (15 * 60, "After 15 minutes"),
    (60 * 60, "After 1 hour"),
    (24 * 60 * 60, "After 1 day"),
    (3 * 24 * 60 * 60, "After 3 days"),
    (7 * 24 * 60 * 60, "After 7 days"),
)


class RotateForm(ConfirmedForm):
    """When the old key stops."""

    overlap = forms.TypedChoiceField(
        label="The old key stops working",
        choices=_OVERLAPS,
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        initial=int(timedelta(days=1).total_seconds()),
        widget=UnfoldAdminSelectWidget,
        help_text="A day leaves time to give every tool the new key while none of them stops: "
        "meanwhile both work, and answers to the old one say when it ends.",
    )


class CreateKeyForm(ConfirmedForm):
    """A restricted key. Its rights are settled here and never change."""

    # Chosen with the form, so that a form sent twice makes one key.
    public_id = forms.RegexField(
        rf"^{tokens.ID_FORM}$",
        strip=False,
        initial=tokens.new_id,
        widget=forms.HiddenInput,
        error_messages={"required": "Open this page again.", "invalid": "Open this page again."},
    )
    name = LineField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="The tool that will use it, such as “n8n on ops-1”.",
    )
    preset = forms.ChoiceField(
        required=False,
        label="Rights",
        choices=[("", "My own choice"), *((one.slug, one.name) for one in PRESETS.values())],
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(required=False)
    days = forms.TypedChoiceField(
        label="Expires",
        coerce=lambda text: int(text) if text else None,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    networks = forms.CharField(
        required=False,
        label="Allowed networks",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="One a line, such as 203.0.113.0/24 or 2001:db8::/32. Empty: from everywhere.",
    )
    sponsor = forms.ModelChoiceField(
        possible_sponsors(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Whom to ask about this key.",
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "days": default_days(),
            "sponsor": request.user.pk,
            **kwargs.get("initial", {}),
        }
        super().__init__(request, *args, **kwargs)
        make_searched(self.fields["sponsor"], ManageKey._meta.get_field("sponsor"), request)
        self.fields["scopes"].choices = [(one, one) for one in all_scopes()]  # type: ignore[attr-defined]
        self.fields["scopes"].widget = MatrixWidget(
            "What the key may do with each resource", self._matrix()
        )
        self.fields["days"].choices = list_terms()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A preset alone means its scopes; without JavaScript nothing ticks or clears the boxes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        preset = PRESETS.get(cleaned.get("preset") or "")
        cleaned["scopes"] = cleaned.get("scopes") or (preset.scopes() if preset else [])
        if preset and set(cleaned["scopes"]) != set(preset.scopes()):
            self.add_error("scopes", "These are other rights than the preset's: untick them, or"
                           " choose “My own choice”.")  # fmt: skip
        elif not cleaned["scopes"] and "scopes" not in self.errors:
            self.add_error("scopes", "Choose a preset, or one scope at least.")
        return cleaned

    def service_values(self) -> dict[str, Any]:
        """What the service takes."""
        days = self.cleaned_data["days"]
        return {
            "public_id": self.cleaned_data["public_id"],
            "name": self.cleaned_data["name"],
            "scopes": self.cleaned_data["scopes"],
            "networks": self.cleaned_data["networks"].split(),
            "expires_at": timezone.now() + timedelta(days=days) if days else None,
            "sponsor": self.cleaned_data["sponsor"],
        }

    def add_refusal(self, refusal: DomainError) -> None:
        """Put what the service refused beside its field."""
        if not isinstance(refusal, Invalid):
            self.add_error(None, refusal.detail)
            return
        for error in refusal.errors:
            name = {"expires_at": "days"}.get(str(error.path[0]), str(error.path[0]))
            self.add_error(name if name in self.fields else None, error.detail)

    def _matrix(self) -> Matrix:
        """Every scope that whoever asks may give."""
        rows = []
        for resource, possible in accesses().items():
            scopes = {one: f"{resource}:{one}" for one in possible}
            boxes = {str(n): one for n, one in scopes.items() if self._may_give([one])}
            about = operations_on(resource)[0]
            app_label = about.viewset.model()._meta.app_label
            rows.append(Row(app_label, of_operation(about).name, resource, boxes))
        return Matrix({one: one.capitalize() for one in Access}, rows)

    def held_presets(self) -> list[tuple[Preset, list[str]]]:
        """The presets that whoever asks may give, with their scopes."""
        found = [(one, one.scopes()) for one in PRESETS.values()]
        return [(one, scopes) for one, scopes in found if self._may_give(scopes)]

    def _may_give(self, scopes: list[str]) -> bool:
        return rights.holds(self.request.user, rights.of_scopes(scopes))


def list_terms() -> list[tuple[str | int, str]]:
    """How long a key may last on this site; without end only where no maximum is set."""
    longest = settings.KEY_MAX_DAYS
    days = sorted({one for one in _TERMS if not longest or one <= longest} | {longest} - {0})
    offered: list[tuple[str | int, str]] = [(one, f"In {one} days") for one in days]
    return offered if longest else [*offered, ("", "Never")]

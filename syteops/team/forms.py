"""The form of a team member in the admin, with one box for each CRM system."""

from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelect2Widget

from syteops.adminkit.service_admin import ServiceForm
from syteops.core.form_fields import LineField
from syteops.crm.models import CrmSystem
from syteops.crm.queries import identifiers_of, live_systems


class CrmIdentifiersWidget(forms.MultiWidget):
    """A labelled text box for each CRM system.

    Its name has the primary key: a number may be another system's by the time the form comes back.
    """

    template_name = "team/crm_identifiers.html"

    def __init__(
        self, systems: Collection[CrmSystem], box: type[forms.Widget] = forms.TextInput
    ) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            str(system.pk): box(self.box_attrs(system)) for system in systems
        }
        super().__init__(boxes)
        self.slots = [system.slot for system in systems]

    def box_attrs(self, system: CrmSystem) -> dict[str, str]:
        return {"title": f"{system.slot} {system.name}", "class": "so-box"}

    def decompress(self, value: dict[str, str] | None) -> list[str]:
        return [(value or {}).get(slot, "") for slot in self.slots]


class HeldIdentifiersWidget(CrmIdentifiersWidget):
    """What the boxes held when the form was opened, hidden."""

    template_name = forms.MultiWidget.template_name

    def box_attrs(self, system: CrmSystem) -> dict[str, str]:
        return {}


class CrmIdentifiersField(forms.MultiValueField):
    """A dict of identifiers by CRM number, "" where there is none."""

    widget: CrmIdentifiersWidget

    def __init__(self, systems: Iterable[CrmSystem], **kwargs: Any) -> None:
        systems = list(systems)
        boxes = [LineField(required=False, max_length=200) for _ in systems]
        super().__init__(boxes, widget=CrmIdentifiersWidget(systems), required=False, **kwargs)
        self.hidden_widget = partial(HeldIdentifiersWidget, systems, forms.HiddenInput)  # type: ignore[assignment]

    def compress(self, data_list: list[str]) -> dict[str, str]:
        return dict(zip(self.widget.slots, data_list, strict=True)) if data_list else {}


class TeamMemberForm(ServiceForm):
    """Offers the CRM systems that there are when the form is shown."""

    crm_ids = forms.Field(required=False)

    class Meta:
        widgets = {"country": UnfoldAdminSelect2Widget, "time_zone": UnfoldAdminSelect2Widget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = identifiers_of(self.instance.pk) if self.instance.pk else {}
        self.fields["crm_ids"] = CrmIdentifiersField(
            live_systems(),
            initial=known,
            label="CRM identifiers",
            help_text="Who the person is in each CRM system. Empty: not known there.",
        )

"""The admin's forms."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from estimates import services
from estimates.models import LONGEST_COMMENT, Estimate
from estimates.readable import with_deletion
from syteops.adminkit.rows import RowForm
from syteops.adminkit.texts import TextForm
from syteops.core.form_fields import LineField, TextField
from syteops.crm.models import CrmSystem
from syteops.lib.currencies import plain


def _plain(initial: Mapping[str, Any]) -> dict[str, Any]:
    """The same values, numbers without needless zeros."""
    return {
        name: Decimal(plain(value)) if isinstance(value, Decimal) else value
        for name, value in initial.items()
    }


class EstimateForm(TextForm):
    """An estimate; a new one begins as the module's config says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "content" in self.fields:
            self.fields["content"].label = "Scope of work"
        if not self.instance.pk:
            self.initial = {**services.usual_values(), **self.initial}
        self.initial = _plain(self.initial)
        if "crm_system" in self.fields:
            self._offer_systems(self.fields["crm_system"])

    def _offer_systems(self, field: Any) -> None:
        """Those there are, and the estimate's own, which has no page any more once deleted."""
        chosen = self.instance.crm_system
        known = Q(deleted_at=None) | Q(pk=self.instance.crm_system_id)
        field.queryset = CrmSystem.all_objects.filter(known).order_by("number")
        field.label_from_instance = with_deletion
        if chosen and chosen.deleted_at:
            field.widget.can_change_related = field.widget.can_view_related = False


class LineItemForm(RowForm):
    """A line item, its numbers without needless zeros; a new one has the usual tax."""

    usual_tax: ClassVar[Decimal]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["tax_percent"] = self.usual_tax
        self.initial = _plain(self.initial)


class ClientAnswerForm(forms.Form):
    """The client's answer, as somebody here heard it."""

    name = LineField(
        max_length=150,
        label="Who answered",
        widget=UnfoldAdminTextInputWidget,
        help_text="The client's name. That you entered it is recorded too.",
    )
    comment = TextField(
        max_length=LONGEST_COMMENT, required=False, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )


def approval_form(estimate: Estimate) -> type[ClientAnswerForm]:
    """The form for a client who approves; where lines are optional, with which of them."""
    options = [(one.pk, one.description) for one in estimate.line_items.all() if one.optional]
    if not options:
        return ClientAnswerForm
    field = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        choices=options,
        label="Optional lines that are approved too",
        widget=forms.CheckboxSelectMultiple,
    )
    return type("ApprovalForm", (ClientAnswerForm,), {"chosen": field})

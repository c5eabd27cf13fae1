"""Estimates as the Manage API shows and takes them."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from estimates.choices import UNSENT, EstimateStatus
from estimates.fields import percent_field, price_field, quantity_field
from estimates.links import client_path
from estimates.mails import PLACEHOLDERS
from estimates.models import (
    LONGEST_COMMENT,
    LONGEST_MESSAGE,
    LONGEST_SUBJECT,
    Estimate,
    LineItem,
)
from manage_api.base import ManageViewSet
from manage_api.fields import (
    MomentField,
    SlotField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    StrictListField,
    StrictTextField,
)
from manage_api.operations import find
from manage_api.serializers import StrictSerializer
from manage_api.texts import RowSerializer, RowsField, TextEntitySerializer
from syteops.audit.rows import MAX_ROWS
from syteops.core.addresses import absolute_address
from syteops.integrations.queued_mail import MailState
from syteops.lib.currencies import CODES, EXPONENTS, plain


class AmountField(serializers.DecimalField):
    """An amount in the estimate's currency, with that currency's decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, read_only=True, **kwargs)


class LineItemSerializer(RowSerializer):
    description = StrictCharField(max_length=500)
    quantity = quantity_field(required=False, help_text="1 if left out.")
    unit_price = price_field(help_text="Below 0 it is taken off.")
    discount_percent = percent_field(required=False, help_text="0 if left out.")
    tax_percent = percent_field(required=False, help_text="The module's usual tax if left out.")
    optional = StrictBooleanField(
        required=False, help_text="Not in the total, unless the client chooses it."
    )

    def to_representation(self, instance: LineItem) -> Any:
        places = EXPONENTS[instance.estimate.currency]
        price = {"unit_price": plain(instance.unit_price, places)}
        return {**super().to_representation(instance), **price}


class LineTotalSerializer(serializers.Serializer[Any]):
    line_item = serializers.IntegerField(source="pk", help_text="The id of the line item.")
    subtotal = AmountField(source="amounts.subtotal", help_text="Quantity times unit price.")
    discount = AmountField(source="amounts.discount")
    net = AmountField(source="amounts.net", help_text="Subtotal less discount, before tax.")
    counts = serializers.BooleanField(
        help_text="Whether it is in the total: false for an optional one that nobody has chosen."
    )


class RateTotalSerializer(serializers.Serializer[Any]):
    percent = percent_field()
    net = AmountField(help_text="Of the lines of this rate, less all discounts.")
    tax = AmountField()


class ClientAnswerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    at = MomentField()
    address = serializers.CharField(allow_blank=True, help_text="Network address, if known.")
    on_behalf = serializers.BooleanField(
        help_text="False: given on the client's page. True: entered here on the client's behalf."
    )


class ClientMailSerializer(serializers.Serializer[Any]):
    reminder = serializers.BooleanField(help_text="False: the estimate itself.")
    state = serializers.ChoiceField(
        choices=MailState.choices, help_text="Sent: the mail server has taken it."
    )
    at = MomentField(help_text="When it was queued, or when it was sent or failed.")
    problem = serializers.CharField(
        allow_blank=True, help_text="Why it failed, or why the latest attempt did."
    )


class ClientViewsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    first_at = MomentField()
    last_at = MomentField()


class EstimateSerializer(TextEntitySerializer):
    examples: ClassVar[dict[str, Any]] = {"title": "Website relaunch", "client_name": "ACME"}

    superseded_by = serializers.IntegerField(
        source="superseded_by_id", read_only=True, allow_null=True,
        help_text="The id of the newer revision, if there is one.",
    )  # fmt: skip
    crm_num = SlotField(
        source="crm_system", required=False, allow_null=True, help_text="Number of a CRM system."
    )
    currency = StrictChoiceField(required=False, choices=CODES, help_text="ISO 4217.")
    line_items = RowsField(LineItemSerializer())
    line_totals = LineTotalSerializer(source="line_items", many=True, read_only=True)
    discount_percent = percent_field(
        required=False, help_text="On all lines, after their own. 0 if left out."
    )
    subtotal = AmountField(source="amounts.subtotal", help_text="The sum of the lines that count.")
    discount = AmountField(source="amounts.discount", help_text="Of the lines and on all of them.")
    taxes = RateTotalSerializer(
        source="amounts.taxes", many=True, read_only=True, help_text="By rate; they add up."
    )
    tax = AmountField(source="amounts.tax")
    total = AmountField(source="amounts.total", help_text="Subtotal less discount plus tax.")
    status = serializers.ChoiceField(
        source="current_status", choices=EstimateStatus.choices, read_only=True
    )
    mail = ClientMailSerializer(
        read_only=True, allow_null=True, help_text="The latest e-mail to the client, if any."
    )
    views = ClientViewsSerializer(
        read_only=True, allow_null=True, help_text="Of the client's page, once it was opened."
    )
    answer = ClientAnswerSerializer(
        read_only=True, allow_null=True, help_text="The client's answer, once there is one."
    )

    class Meta:
        model = Estimate
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "language": {"help_text": "BCP 47. If empty: the module's."}
        }
        fields: tuple[str, ...] = (
            "id", "number", "revision", "superseded_by", "status", "title", "content", "excerpt",
            "slug", "client_name", "client_company", "client_email", "crm_num", "crm_contact_id",
            "currency", "discount_percent", "line_items", "line_totals", "subtotal",
            "discount", "taxes", "tax", "total", "valid_until", "language", "sent_at", "mail",
            "views", "answer", "meta", "created_at", "updated_at",
        )  # fmt: skip


class EstimateWithLinkSerializer(EstimateSerializer):
    client_url = serializers.SerializerMethodField(
        help_text="Whoever has it may answer as the client. Null until sent, and for callers that "
        "may not send estimates.",
    )

    class Meta(EstimateSerializer.Meta):
        fields = (*EstimateSerializer.Meta.fields, "client_url")

    def get_client_url(self, estimate: Estimate) -> str | None:
        view: ManageViewSet = self.context["view"]
        send = find(Estimate.resource, "send")
        path = client_path(estimate) if send and view.principal.may(send) else None
        return path and absolute_address(view.request, path)


OPERATION_FOR = {
    EstimateStatus.DRAFT: "Use estimates_items.revise: it makes a new draft.",
    EstimateStatus.SENT: "Use estimates_items.send.",
    EstimateStatus.APPROVED: "Use estimates_items.approve.",
    EstimateStatus.DECLINED: "Use estimates_items.decline.",
    EstimateStatus.TEMPLATE: "Use estimates_items.copy: it makes a template of it.",
    EstimateStatus.EXPIRED: "It expires by itself, after the day `valid_until`.",
}
"""How an estimate comes to each status, which cannot be written."""


class EstimateUpdateInput(EstimateWithLinkSerializer):
    """What can be changed; tools of the WordPress product send the status along."""

    status = StrictChoiceField(
        choices=EstimateStatus.choices,
        required=False,
        help_text="The one that it has, which only operations of their own change.",
    )


class _NewStatusField(StrictChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if data in [*OPERATION_FOR] and data not in self.choices:
            raise ValidationError(OPERATION_FOR[data], "read_only")
        return super().to_internal_value(data)


class EstimateCreateInput(EstimateWithLinkSerializer):
    """What a new estimate can have; tools of the WordPress product say that it is a draft."""

    status = _NewStatusField(
        choices=[one.value for one in UNSENT],
        required=False,
        help_text="A draft if left out. Copies of a template are drafts.",
    )


_TEXTS = (
    f"The module's if left out. Filled in: {', '.join(f'{{{one}}}' for one in PLACEHOLDERS[:-1])}"
)


class EstimateSendInput(StrictSerializer):
    email = StrictBooleanField(
        required=False,
        help_text="Whether to mail the link and the PDF to the client. If left out: where the "
        "settings EMAIL_URL and SITE_URL are set.",
    )
    again = StrictBooleanField(
        required=False, help_text="Whether to mail one that is sent already, once more."
    )
    subject = StrictCharField(
        required=False, max_length=LONGEST_SUBJECT, help_text=f"Of the e-mail. {_TEXTS}."
    )
    message = StrictTextField(
        required=False,
        max_length=LONGEST_MESSAGE,
        help_text=f"Its text, plain. {_TEXTS}, and {{link}}; without that the link goes below.",
    )


class EstimateAnswerInput(StrictSerializer):
    examples: ClassVar[dict[str, Any]] = {"name": "Grace Hopper"}

    name = StrictCharField(max_length=150, help_text="Who answered on the client's side.")
    comment = StrictTextField(required=False, allow_blank=True, max_length=LONGEST_COMMENT)
    chosen = StrictListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=MAX_ROWS,
        help_text="Ids of the optional line items that are approved too.",
    )


class EstimateCopyInput(StrictSerializer):
    status = StrictChoiceField(
        choices=[one.value for one in UNSENT],
        default=EstimateStatus.DRAFT.value,
        help_text="What the copy is.",
    )

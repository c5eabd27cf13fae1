import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from estimates.choices import ANSWERS, STORED, UNSENT, EstimateStatus, MailKind
from estimates.totals import Amounts, LineAmounts, amounts_of, line_amounts
from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import LiveManager
from syteops.core.events import Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.records import Record
from syteops.core.texts import LAST, TextEntity
from syteops.core.web_addresses import MailAddressField
from syteops.integrations.queued_mail import MailState
from syteops.lib import currencies, languages

LONGEST_COMMENT = 2_000
LONGEST_SUBJECT = 300
LONGEST_MESSAGE = 20_000
LONGEST_PROBLEM = 300
LEAST_QUANTITY = Decimal("0.0001")

_PERCENT = (MinValueValidator(0), MaxValueValidator(100))
_IS_SENT = ~Q(status__in=UNSENT)
_IS_ANSWERED = Q(status__in=ANSWERS)


class Estimate(TextEntity):
    """What some work will cost: written, sent to a client, and approved or declined there.

    A change of one that was sent is a new revision: another estimate of the same number, which
    supersedes this one. Deleting is soft: a number once given is never given again. Templates
    are counted by themselves.
    """

    resource: ClassVar[str] = "estimates_items"
    noun: ClassVar[str] = "estimate"
    verbs: ClassVar[frozenset[Verb]] = TextEntity.verbs | {
        Verb.SENT,
        Verb.RESENT,
        Verb.REMINDED,
        Verb.MAILED,
        Verb.MAIL_FAILED,
        Verb.VIEWED,
        Verb.APPROVED,
        Verb.DECLINED,
        Verb.SUPERSEDED,
        Verb.REINSTATED,
    }

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Of a template the year is 0.
    year = models.PositiveSmallIntegerField(editable=False)
    sequence = models.PositiveIntegerField(editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    number = models.CharField(max_length=40, editable=False)
    superseded_by = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        # Nearly all have none: SQLite would look for them in an index and sort all of them.
        db_index=False,
    )

    client_name = models.CharField(max_length=200, blank=True)
    client_company = models.CharField(max_length=200, blank=True)
    client_email = MailAddressField("client e-mail", blank=True)
    crm_system = models.ForeignKey(
        "crm.CrmSystem",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="estimates",
        verbose_name="CRM system",
    )
    crm_contact_id = models.CharField(
        "CRM contact id", max_length=200, blank=True, help_text="Who the client is there."
    )
    language = models.CharField(
        max_length=languages.MAX_LENGTH,
        blank=True,
        validators=[languages.is_language],
        help_text="In which it is written, such as de-AT. If empty: the module's.",
    )
    currency = models.CharField(max_length=3, choices=currencies.choices, help_text="ISO 4217.")
    discount_percent = models.DecimalField(
        "discount %",
        max_digits=6,
        decimal_places=3,
        default=0,
        validators=_PERCENT,
        help_text="On what the lines come to after their own discounts.",
    )
    valid_until = models.DateField(
        null=True, blank=True, help_text="The last day on which the client can answer."
    )

    status = models.CharField(
        max_length=10,
        choices=[(one.value, one.label) for one in STORED],
        default=EstimateStatus.DRAFT,
        editable=False,
    )
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    link_token = EncryptedTextField(bound_to="uid")
    link_token_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    link_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    answered_by = models.CharField(max_length=150, blank=True, editable=False)
    answer_comment = models.TextField(
        blank=True, editable=False, validators=[MaxLengthValidator(LONGEST_COMMENT)]
    )
    answer_address = models.CharField(max_length=45, blank=True, editable=False)
    answered_on_behalf = models.BooleanField(default=False, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    view_count = models.PositiveIntegerField(default=0, editable=False)
    first_viewed_at = models.DateTimeField(null=True, editable=False)
    last_viewed_at = models.DateTimeField(null=True, editable=False)

    # The latest e-mail to the client. Its text has "{link}" where the link goes, which is a secret.
    mail_id = models.UUIDField(null=True, editable=False)
    mail_kind = models.CharField(
        max_length=10, blank=True, choices=MailKind.choices, editable=False
    )
    mail_state = models.CharField(
        max_length=10, blank=True, choices=MailState.choices, editable=False
    )
    mail_at = models.DateTimeField(null=True, editable=False)
    mail_subject = models.CharField(max_length=LONGEST_SUBJECT, blank=True, editable=False)
    mail_text = models.TextField(
        blank=True, editable=False, validators=[MaxLengthValidator(LONGEST_MESSAGE)]
    )
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    mail_problem = models.CharField(max_length=LONGEST_PROBLEM, blank=True, editable=False)
    reminded_at = models.DateTimeField(null=True, editable=False)

    client_name_folded = FoldedField("client_name")
    searched = SearchField(
        "number", "title", "content", "excerpt", "client_name", "client_company", "client_email"
    )
    text_indexes = ("searched",)

    all_objects = models.Manager["Estimate"]()
    objects = LiveManager()

    class Meta(TextEntity.Meta):
        verbose_name = "estimate"
        ordering = ("-updated_at", "-id")
        base_manager_name = "all_objects"
        default_manager_name = "objects"
        constraints = [
            *TextEntity.Meta.constraints,
            models.UniqueConstraint(
                fields=["slug"], condition=Q(deleted_at=None), name="estimates_slug"
            ),
            models.UniqueConstraint(
                fields=["year", "sequence", "revision"], name="estimates_numbered_once"
            ),
            models.UniqueConstraint(fields=["number", "revision"], name="estimates_number_once"),
            models.CheckConstraint(
                condition=Q(discount_percent__range=(0, 100)), name="estimates_discount"
            ),
            models.UniqueConstraint(
                fields=["superseded_by"],
                condition=Q(superseded_by__isnull=False),
                name="estimates_supersedes_one",
            ),
            models.CheckConstraint(condition=Q(status__in=STORED), name="estimates_status"),
            models.CheckConstraint(
                condition=(_IS_SENT & Q(sent_at__isnull=False, link_hash__isnull=False))
                | (~_IS_SENT & Q(sent_at=None, link_hash=None)),
                name="estimates_sent_with_link",
            ),
            models.CheckConstraint(
                condition=Q(mail_state="", mail_id=None, mail_at=None)
                | Q(mail_state__in=MailState.values, mail_id__isnull=False, mail_at__isnull=False),
                name="estimates_mail_of_some_time",
            ),
            models.CheckConstraint(
                condition=(_IS_ANSWERED & Q(answered_at__isnull=False) & ~Q(answered_by=""))
                | (~_IS_ANSWERED & Q(answered_at=None, answered_by="")),
                name="estimates_answered_by_somebody",
            ),
        ]
        indexes = (
            models.Index(fields=["status", "-updated_at"], name="estimates_by_status"),
            models.Index(fields=["title_folded"], name="estimates_by_title"),
            models.Index(fields=["client_name_folded"], name="estimates_by_client_name"),
            # As wide as the one of those that stand: else SQLite would take that, and sort.
            *(
                models.Index(
                    fields=[moment, "id", "superseded_by", "deleted_at", "status"],
                    name=f"estimates_by_{name}",
                )
                for moment, name in (
                    ("updated_at", "update"),
                    ("created_at", "creation"),
                    ("valid_until", "validity"),
                )
            ),
            models.Index(fields=["sent_at", "id"], name="estimates_by_sending"),
            models.Index(fields=["last_viewed_at"], name="estimates_by_view"),
            models.Index(
                fields=["mail_at"],
                condition=Q(mail_state=MailState.QUEUED),
                name="estimates_mail_queued",
            ),
            models.Index(
                # All that a count looks at, so that it reads the index alone.
                fields=["status", "valid_until", "mail_state", "superseded_by", "deleted_at"],
                condition=Q(deleted_at=None, superseded_by=None),
                name="estimates_standing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.label} {self.title}"

    @classmethod
    def listed(cls) -> models.QuerySet["Estimate"]:
        """Templates are none of them."""
        return cls.objects.exclude(status=EstimateStatus.TEMPLATE)

    @property
    def label(self) -> str:
        """The number, with the revision from the second on."""
        return self.number if self.revision == 1 else f"{self.number} (revision {self.revision})"

    @property
    def current_status(self) -> EstimateStatus:
        """The status today: a sent estimate expires by itself."""
        expired = self.valid_until is not None and self.valid_until < timezone.localdate()
        if self.status == EstimateStatus.SENT and expired:
            return EstimateStatus.EXPIRED
        return EstimateStatus(self.status)

    @property
    def is_template(self) -> bool:
        """Whether others are made from it, and nobody gets it."""
        return self.status == EstimateStatus.TEMPLATE

    @property
    def is_superseded(self) -> bool:
        """Whether a newer revision stands in its place."""
        return self.superseded_by_id is not None

    @property
    def is_frozen(self) -> bool:
        """Whether it can only be revised: a client has seen it."""
        return self.is_superseded or self.status not in UNSENT

    @property
    def is_deletable(self) -> bool:
        """Whether nobody is bound by it: not a sent or approved one, nor a former revision."""
        binding = (EstimateStatus.SENT, EstimateStatus.APPROVED)
        return not self.is_superseded and self.current_status not in binding

    @property
    def answer(self) -> dict[str, Any] | None:
        """The client's answer, once there is one."""
        if self.answered_at is None:
            return None
        return {
            "name": self.answered_by,
            "comment": self.answer_comment,
            "at": self.answered_at,
            "address": self.answer_address,
            "on_behalf": self.answered_on_behalf,
        }

    @property
    def views(self) -> dict[str, Any] | None:
        """How often the client's page was opened, once it was."""
        if not self.view_count:
            return None
        times = {"first_at": self.first_viewed_at, "last_at": self.last_viewed_at}
        return {"count": self.view_count, **times}

    @property
    def mail(self) -> dict[str, Any] | None:
        """The latest e-mail to the client, once there is one."""
        if not self.mail_state:
            return None
        told = {name: getattr(self, f"mail_{name}") for name in ("state", "at", "problem")}
        return {"reminder": self.mail_kind == MailKind.REMINDER, **told}

    @cached_property
    def amounts(self) -> Amounts:
        """What it comes to."""
        return amounts_of(self.line_items.all(), self.discount_percent, self.currency)


class LineItem(Record):
    """One thing that is paid for. Written through the estimate's services, as one list."""

    SHOWN: ClassVar[tuple[str, ...]] = (
        "description",
        "quantity",
        "unit_price",
        "discount_percent",
        "tax_percent",
        "optional",
        "chosen",
    )

    estimate = models.ForeignKey(Estimate, on_delete=models.CASCADE, related_name="line_items")
    position = models.PositiveIntegerField(default=LAST)
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(
        max_digits=12, decimal_places=4, default=1, validators=[MinValueValidator(LEAST_QUANTITY)]
    )
    unit_price = models.DecimalField(max_digits=15, decimal_places=4)
    discount_percent = models.DecimalField(
        "discount %", max_digits=6, decimal_places=3, default=0, validators=_PERCENT
    )
    tax_percent = models.DecimalField(
        "tax %", max_digits=6, decimal_places=3, default=0, validators=_PERCENT
    )
    optional = models.BooleanField(default=False)
    chosen = models.BooleanField(default=False, editable=False)

    class Meta:
        default_permissions = ()
        ordering = ("position", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(description=""), name="estimates_line_described"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="estimates_line_quantity"),
            models.CheckConstraint(
                condition=Q(optional=True) | Q(chosen=False), name="estimates_line_chosen"
            ),
            models.CheckConstraint(
                condition=Q(discount_percent__range=(0, 100), tax_percent__range=(0, 100)),
                name="estimates_line_percents",
            ),
        )

    def __str__(self) -> str:
        return self.description

    @property
    def counts(self) -> bool:
        """Whether it is in the total."""
        return self.chosen or not self.optional

    @cached_property
    def amounts(self) -> LineAmounts:
        """What the line comes to, in the estimate's currency."""
        return line_amounts(self, self.estimate.currency)

import django.core.validators
import django.db.models.deletion
import django.db.models.manager
import syteops.core.encryption
import syteops.core.folding
import syteops.core.json_text
import syteops.lib.currencies
import syteops.lib.meta
import uuid
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("estimates", "0001_initial"),
        ("estimates", "0002_folded_texts"),
        ("estimates", "0003_indexes_of_orders"),
        ("estimates", "0004_sending_and_views"),
        ("estimates", "0005_discounts_options_and_templates"),
        ("estimates", "0006_index_failed_mail"),
        ("estimates", "0007_widen_indexes_of_times"),
    ]

    initial = True

    dependencies = [
        ("crm", "0001_systems"),
    ]

    operations = [
        migrations.CreateModel(
            name="Estimate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                (
                    "content",
                    models.TextField(
                        blank=True,
                        help_text="Markdown.",
                        validators=[django.core.validators.MaxLengthValidator(100000)],
                    ),
                ),
                (
                    "excerpt",
                    models.TextField(
                        blank=True,
                        help_text="If empty: the beginning of the content.",
                        validators=[django.core.validators.MaxLengthValidator(500)],
                    ),
                ),
                ("excerpt_derived", models.BooleanField(default=True, editable=False)),
                (
                    "slug",
                    models.CharField(
                        help_text="A unique name for addresses. If empty: made from the title. It stays when the title changes.",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9]+(?:[-_][a-z0-9]+)*\\Z",
                                "Use a-z, 0-9 and single dashes between.",
                            )
                        ],
                    ),
                ),
                (
                    "meta",
                    syteops.core.json_text.JsonTextField(
                        blank=True,
                        default=dict,
                        help_text="A JSON object in which tools keep what is theirs.",
                        validators=[syteops.lib.meta.validate_meta],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("title_folded", syteops.core.folding.FoldedField("title")),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("year", models.PositiveSmallIntegerField(editable=False)),
                ("sequence", models.PositiveIntegerField(editable=False)),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("number", models.CharField(editable=False, max_length=40)),
                ("client_name", models.CharField(blank=True, max_length=200)),
                ("client_company", models.CharField(blank=True, max_length=200)),
                (
                    "client_email",
                    models.EmailField(blank=True, max_length=254, verbose_name="client e-mail"),
                ),
                (
                    "crm_contact_id",
                    models.CharField(
                        blank=True,
                        help_text="Who the client is there.",
                        max_length=200,
                        verbose_name="CRM contact id",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="In which it is written, such as de-AT. If empty: the module's.",
                        max_length=35,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3})){0,2}\\Z",
                                "Use a language tag such as en or de-AT.",
                            )
                        ],
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=syteops.lib.currencies.choices, help_text="ISO 4217.", max_length=3
                    ),
                ),
                (
                    "discount_percent",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        help_text="On what the lines come to after their own discounts.",
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="discount %",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="The last day on which the client can answer.",
                        null=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("sent", "Sent"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("template", "Template"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "link_token",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                ("link_token_set_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "link_hash",
                    models.CharField(editable=False, max_length=64, null=True, unique=True),
                ),
                ("answered_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("answered_by", models.CharField(blank=True, editable=False, max_length=150)),
                (
                    "answer_comment",
                    models.TextField(
                        blank=True,
                        editable=False,
                        validators=[django.core.validators.MaxLengthValidator(2000)],
                    ),
                ),
                ("answer_address", models.CharField(blank=True, editable=False, max_length=45)),
                ("answered_on_behalf", models.BooleanField(default=False, editable=False)),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("view_count", models.PositiveIntegerField(default=0, editable=False)),
                ("first_viewed_at", models.DateTimeField(editable=False, null=True)),
                ("last_viewed_at", models.DateTimeField(editable=False, null=True)),
                ("mail_id", models.UUIDField(editable=False, null=True)),
                (
                    "mail_kind",
                    models.CharField(
                        blank=True,
                        choices=[("estimate", "Estimate"), ("reminder", "Reminder")],
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "mail_state",
                    models.CharField(
                        blank=True,
                        choices=[("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed")],
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("mail_at", models.DateTimeField(editable=False, null=True)),
                ("mail_subject", models.CharField(blank=True, editable=False, max_length=300)),
                (
                    "mail_text",
                    models.TextField(
                        blank=True,
                        editable=False,
                        validators=[django.core.validators.MaxLengthValidator(20000)],
                    ),
                ),
                ("mail_attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("mail_problem", models.CharField(blank=True, editable=False, max_length=300)),
                ("reminded_at", models.DateTimeField(editable=False, null=True)),
                ("client_name_folded", syteops.core.folding.FoldedField("client_name")),
                (
                    "searched",
                    syteops.core.folding.SearchField(
                        "number",
                        "title",
                        "content",
                        "excerpt",
                        "client_name",
                        "client_company",
                        "client_email",
                    ),
                ),
                (
                    "crm_system",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="estimates",
                        to="crm.crmsystem",
                        verbose_name="CRM system",
                    ),
                ),
                (
                    "superseded_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="estimates.estimate",
                    ),
                ),
            ],
            options={
                "verbose_name": "estimate",
                "ordering": ("-updated_at", "-id"),
                "abstract": False,
                "base_manager_name": "all_objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["status", "-updated_at"], name="estimates_by_status"),
                    models.Index(fields=["title_folded"], name="estimates_by_title"),
                    models.Index(fields=["client_name_folded"], name="estimates_by_client_name"),
                    models.Index(
                        fields=["updated_at", "id", "superseded_by", "deleted_at", "status"],
                        name="estimates_by_update",
                    ),
                    models.Index(
                        fields=["created_at", "id", "superseded_by", "deleted_at", "status"],
                        name="estimates_by_creation",
                    ),
                    models.Index(
                        fields=["valid_until", "id", "superseded_by", "deleted_at", "status"],
                        name="estimates_by_validity",
                    ),
                    models.Index(fields=["sent_at", "id"], name="estimates_by_sending"),
                    models.Index(fields=["last_viewed_at"], name="estimates_by_view"),
                    models.Index(
                        condition=models.Q(("mail_state", "queued")),
                        fields=["mail_at"],
                        name="estimates_mail_queued",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at", None), ("superseded_by", None)),
                        fields=[
                            "status",
                            "valid_until",
                            "mail_state",
                            "superseded_by",
                            "deleted_at",
                        ],
                        name="estimates_standing",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title", ""), _negated=True),
                            models.Q(("slug", ""), _negated=True),
                        ),
                        name="estimates_estimate_named",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("slug",),
                        name="estimates_slug",
                    ),
                    models.UniqueConstraint(
                        fields=("year", "sequence", "revision"), name="estimates_numbered_once"
                    ),
                    models.UniqueConstraint(
                        fields=("number", "revision"), name="estimates_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("discount_percent__range", (0, 100))),
                        name="estimates_discount",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_by__isnull", False)),
                        fields=("superseded_by",),
                        name="estimates_supersedes_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ("draft", "sent", "approved", "declined", "template"))
                        ),
                        name="estimates_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("status__in", ("draft", "template")), _negated=True),
                                ("link_hash__isnull", False),
                                ("sent_at__isnull", False),
                            ),
                            models.Q(
                                ("status__in", ("draft", "template")),
                                ("link_hash", None),
                                ("sent_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="estimates_sent_with_link",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("mail_at", None), ("mail_id", None), ("mail_state", "")),
                            models.Q(
                                ("mail_at__isnull", False),
                                ("mail_id__isnull", False),
                                ("mail_state__in", ["queued", "sent", "failed"]),
                            ),
                            _connector="OR",
                        ),
                        name="estimates_mail_of_some_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("approved", "declined")),
                                ("answered_at__isnull", False),
                                models.Q(("answered_by", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("status__in", ("approved", "declined")), _negated=True),
                                ("answered_at", None),
                                ("answered_by", ""),
                            ),
                            _connector="OR",
                        ),
                        name="estimates_answered_by_somebody",
                    ),
                ],
            },
            managers=[
                ("all_objects", django.db.models.manager.Manager()),
                ("objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="LineItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=10000)),
                ("description", models.CharField(max_length=500)),
                (
                    "quantity",
                    models.DecimalField(
                        decimal_places=4,
                        default=1,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.0001"))],
                    ),
                ),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=15)),
                (
                    "discount_percent",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="discount %",
                    ),
                ),
                (
                    "tax_percent",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="tax %",
                    ),
                ),
                ("optional", models.BooleanField(default=False)),
                ("chosen", models.BooleanField(default=False, editable=False)),
                (
                    "estimate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="line_items",
                        to="estimates.estimate",
                    ),
                ),
            ],
            options={
                "ordering": ("position", "id"),
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("description", ""), _negated=True),
                        name="estimates_line_described",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="estimates_line_quantity"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("optional", True), ("chosen", False), _connector="OR"),
                        name="estimates_line_chosen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_percent__range", (0, 100)), ("tax_percent__range", (0, 100))
                        ),
                        name="estimates_line_percents",
                    ),
                ],
            },
        ),
    ]

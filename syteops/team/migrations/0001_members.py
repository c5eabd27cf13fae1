import django.core.validators
import django.db.models.deletion
import django.db.models.manager
import syteops.core.folding
import syteops.lib.countries
import syteops.lib.time_zones
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("team", "0001_initial"),
        ("team", "0002_folded_texts"),
        ("team", "0003_erase_permission"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "number",
                    models.PositiveIntegerField(
                        editable=False,
                        null=True,
                        unique=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("first_name", models.CharField(blank=True, max_length=100)),
                ("last_name", models.CharField(blank=True, max_length=100)),
                (
                    "full_name",
                    models.CharField(
                        blank=True, help_text="If empty: first and last name.", max_length=200
                    ),
                ),
                ("nickname", models.CharField(blank=True, max_length=100)),
                ("job_title", models.CharField(blank=True, max_length=150)),
                ("company_name", models.CharField(blank=True, max_length=150)),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "email_alternate",
                    models.EmailField(blank=True, max_length=254, verbose_name="alternate e-mail"),
                ),
                (
                    "email_personal",
                    models.EmailField(blank=True, max_length=254, verbose_name="personal e-mail"),
                ),
                ("phone_number", models.CharField(blank=True, max_length=50)),
                (
                    "phone_mobile",
                    models.CharField(blank=True, max_length=50, verbose_name="mobile phone"),
                ),
                (
                    "phone_map_pref",
                    models.CharField(
                        blank=True,
                        help_text="The map app that the person prefers on the phone.",
                        max_length=50,
                        verbose_name="preferred map app",
                    ),
                ),
                (
                    "slack_handle",
                    models.CharField(blank=True, max_length=80, verbose_name="Slack handle"),
                ),
                ("website", models.URLField(blank=True, max_length=500)),
                (
                    "linkedin_url",
                    models.URLField(blank=True, max_length=500, verbose_name="LinkedIn URL"),
                ),
                ("address_line_1", models.CharField(blank=True, max_length=200)),
                ("address_line_2", models.CharField(blank=True, max_length=200)),
                ("city", models.CharField(blank=True, max_length=100)),
                ("region", models.CharField(blank=True, max_length=100)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        choices=syteops.lib.countries.choices,
                        help_text="Country code (ISO 3166-1 alpha-2), such as AT.",
                        max_length=2,
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        choices=syteops.lib.time_zones.choices,
                        help_text="IANA time zone, such as Europe/Vienna.",
                        max_length=64,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="Language tag (BCP 47), such as en or de-AT.",
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
                    "link_profile_pic",
                    models.URLField(
                        blank=True,
                        help_text="Address of a picture that is hosted elsewhere.",
                        max_length=500,
                        verbose_name="link to a profile picture",
                    ),
                ),
                (
                    "profile_picture",
                    models.ImageField(
                        blank=True,
                        help_text="JPEG, PNG, WebP or GIF. Stored without location or camera data.",
                        max_length=200,
                        upload_to="",
                    ),
                ),
                (
                    "biography",
                    models.TextField(
                        blank=True, validators=[django.core.validators.MaxLengthValidator(20000)]
                    ),
                ),
                (
                    "notes",
                    models.TextField(
                        blank=True,
                        help_text="Internal: never an automation variable.",
                        validators=[django.core.validators.MaxLengthValidator(20000)],
                        verbose_name="internal notes",
                    ),
                ),
                (
                    "former_number",
                    models.PositiveIntegerField(
                        editable=False,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "full_name_folded",
                    syteops.core.folding.FoldedField(
                        "full_name", otherwise=("first_name", "last_name")
                    ),
                ),
                ("last_name_folded", syteops.core.folding.FoldedField("last_name")),
                ("job_title_folded", syteops.core.folding.FoldedField("job_title")),
                ("company_name_folded", syteops.core.folding.FoldedField("company_name")),
                ("email_folded", syteops.core.folding.FoldedField("email")),
                (
                    "searched",
                    syteops.core.folding.SearchField(
                        "first_name",
                        "last_name",
                        "full_name",
                        "nickname",
                        "email",
                        "email_alternate",
                        "email_personal",
                        "company_name",
                        "job_title",
                        "phone_number",
                        "phone_mobile",
                        "city",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="The login of this person on this site.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="team_members",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "team member",
                "ordering": ("number",),
                "permissions": (("erase_teammember", "Can erase team members for good"),),
                "abstract": False,
                "base_manager_name": "all_objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["full_name_folded"], name="team_by_full_name"),
                    models.Index(fields=["last_name_folded"], name="team_by_last_name"),
                    models.Index(fields=["company_name_folded"], name="team_by_company_name"),
                    models.Index(fields=["email_folded"], name="team_by_email"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("deleted_at", None), ("number__gte", 1), ("number__isnull", False)
                            ),
                            models.Q(("deleted_at__isnull", False), ("number", None)),
                            _connector="OR",
                        ),
                        name="team_teammember_number_while_live",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("deleted_at", None), ("former_number", None)),
                            models.Q(
                                ("deleted_at__isnull", False), ("former_number__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="team_former_number_once_deleted",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("user",),
                        name="team_one_member_per_user",
                    ),
                ],
            },
            managers=[
                ("all_objects", django.db.models.manager.Manager()),
                ("objects", django.db.models.manager.Manager()),
            ],
        ),
    ]

import django.core.validators
import django.db.models.deletion
import django.db.models.manager
import syteops.core.encryption
import syteops.core.folding
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("crm", "0001_initial"),
        ("crm", "0002_folded_texts"),
    ]

    dependencies = [
        ("team", "0001_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="CrmSystem",
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
                (
                    "name",
                    models.CharField(
                        help_text="As people call it, such as HubSpot.", max_length=100
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        blank=True, help_text="Where people log in.", verbose_name="URL"
                    ),
                ),
                (
                    "link_admin_only",
                    models.BooleanField(
                        default=False,
                        help_text="Show the link to site admins only.",
                        verbose_name="link for admins only",
                    ),
                ),
                (
                    "api_key",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                ("api_key_set_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "api_secret",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                ("api_secret_set_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name_folded", syteops.core.folding.FoldedField("name")),
                ("searched", syteops.core.folding.SearchField("name", "url")),
            ],
            options={
                "verbose_name": "CRM system",
                "ordering": ("number",),
                "permissions": (
                    ("set_secrets_crmsystem", "Can set and clear secrets of CRM systems"),
                ),
                "abstract": False,
                "base_manager_name": "all_objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("deleted_at", None), ("number__gte", 1), ("number__isnull", False)
                            ),
                            models.Q(("deleted_at__isnull", False), ("number", None)),
                            _connector="OR",
                        ),
                        name="crm_crmsystem_number_while_live",
                    )
                ],
            },
            managers=[
                ("all_objects", django.db.models.manager.Manager()),
                ("objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="CrmIdentifier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("identifier", models.CharField(max_length=200)),
                ("identifier_folded", syteops.core.folding.FoldedField("identifier")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="crm_identifiers",
                        to="team.teammember",
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identifiers",
                        to="crm.crmsystem",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "system"), name="crm_one_id_per_member"
                    )
                ],
            },
        ),
    ]

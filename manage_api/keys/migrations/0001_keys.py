import django.db.models.deletion
import django.utils.timezone
import syteops.core.encryption
from django.conf import settings
from django.db import migrations, models


def create_switch(apps, schema_editor):
    apps.get_model("keys", "ApiSwitch").objects.create(pk=1)


class Migration(migrations.Migration):
    replaces = [
        ("keys", "0001_initial"),
        ("keys", "0002_api_switch"),
        ("keys", "0003_key_calls"),
        ("keys", "0004_bind_rights"),
        ("keys", "0005_no_needless_permissions"),
    ]

    initial = True

    dependencies = [
        ("auth", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiSwitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
            ],
            options={
                "permissions": (("manage_api_keys", "Can manage the Manage API and its keys"),),
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="keys_one_switch")
                ],
            },
        ),
        migrations.CreateModel(
            name="ManageKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.CharField(editable=False, max_length=12, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("site", "Site key"), ("restricted", "Restricted key")],
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("hint", models.CharField(editable=False, max_length=30)),
                (
                    "verifier",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="public_id", editable=False, null=True
                    ),
                ),
                ("scopes", models.JSONField(blank=True, default=list)),
                ("networks", models.JSONField(blank=True, default=list)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=200)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("rotated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("retires_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("paused_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_used_address", models.CharField(blank=True, editable=False, max_length=45)),
                (
                    "sponsor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "successor",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predecessor",
                        to="keys.managekey",
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "Manage API Key",
                "ordering": ("-id",),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("kind", "site"), ("revoked_at", None), ("successor", None)
                        ),
                        fields=("kind",),
                        name="keys_one_site_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "restricted"), ("paused_at", None), _connector="OR"
                        ),
                        name="keys_site_key_not_paused",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("retires_at", None),
                            models.Q(("rotated_at__isnull", False), ("successor__isnull", False)),
                            _connector="OR",
                        ),
                        name="keys_retires_after_rotation",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeyCalls",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("calls", models.PositiveIntegerField(default=0)),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="keys.managekey",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("key", "hour"), name="keys_calls_once")
                ],
            },
        ),
        migrations.RunPython(create_switch, migrations.RunPython.noop),
    ]

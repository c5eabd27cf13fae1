import django.db.models.deletion
import syteops.core.encryption
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("transfer", "0001_uploads"),
        ("transfer", "0002_edits"),
        ("transfer", "0003_downloads"),
        ("transfer", "0004_kinds"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Download",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("resource", models.CharField(max_length=100)),
                ("keys", models.JSONField(default=list)),
                (
                    "content",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="id", editable=False, null=True
                    ),
                ),
                ("begun_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("resource", models.CharField(max_length=100)),
                ("file_name", models.CharField(max_length=200)),
                (
                    "content",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="id", editable=False, null=True
                    ),
                ),
                (
                    "report",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="id", editable=False, null=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("file", "Import"),
                            ("edit", "Edit"),
                            ("deletion", "Delete"),
                            ("restoring", "Restore"),
                        ],
                        default="file",
                        max_length=10,
                    ),
                ),
                ("row_count", models.PositiveIntegerField()),
                ("begun_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

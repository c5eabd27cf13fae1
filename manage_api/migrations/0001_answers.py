import syteops.core.encryption
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("manage_api", "0001_initial"),
        ("manage_api", "0002_sealed_answers"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("fingerprint", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("answer", models.JSONField()),
                (
                    "sealed_body",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="digest", editable=False, null=True
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

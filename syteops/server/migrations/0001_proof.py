import syteops.core.encryption
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("server", "0001_encryption_proof"),
        ("server", "0002_texts_on_one_line"),
        ("server", "0003_no_needless_permissions"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="EncryptionProof",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                (
                    "sealed",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="name", editable=False, null=True
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

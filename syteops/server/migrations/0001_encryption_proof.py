from django.db import migrations, models

import syteops.core.encryption


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="EncryptionProof",
            fields=[
                (
                    "name",
                    models.CharField(max_length=20, primary_key=True, serialize=False),
                ),
                (
                    "sealed",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="name", editable=False, null=True
                    ),
                ),
            ],
        ),
    ]

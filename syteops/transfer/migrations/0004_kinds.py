from typing import Any

from django.db import migrations, models


def keep_edits(apps: Any, schema_editor: Any) -> None:
    """What waits to be edited goes on waiting for that."""
    apps.get_model("transfer", "Import").objects.filter(is_edit=True).update(kind="edit")


class Migration(migrations.Migration):
    dependencies = [
        ("transfer", "0003_downloads"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="kind",
            field=models.CharField(
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
        migrations.RunPython(keep_edits, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="import",
            name="is_edit",
        ),
    ]

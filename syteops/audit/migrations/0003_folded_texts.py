from django.db import migrations

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "audit.AuditEntry")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_read_every_entry"),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="actor_label_folded",
            field=syteops.core.folding.FoldedField("actor_label"),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="searched",
            field=syteops.core.folding.SearchField("object_label", "actor_label"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

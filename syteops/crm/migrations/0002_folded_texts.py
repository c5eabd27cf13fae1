from django.db import migrations

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "crm.CrmSystem", "crm.CrmIdentifier")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0001_initial"),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AddField(
            model_name="crmidentifier",
            name="identifier_folded",
            field=syteops.core.folding.FoldedField("identifier"),
        ),
        migrations.AddField(
            model_name="crmsystem",
            name="name_folded",
            field=syteops.core.folding.FoldedField("name"),
        ),
        migrations.AddField(
            model_name="crmsystem",
            name="searched",
            field=syteops.core.folding.SearchField("name", "url"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

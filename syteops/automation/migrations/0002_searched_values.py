import syteops.core.folding
from django.db import migrations
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "automation.VariableSetValue")


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0001_variables"),
    ]

    operations = [
        migrations.AddField(
            model_name="variablesetvalue",
            name="searched",
            field=syteops.core.folding.SearchField("value"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

from django.db import migrations

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(
        apps, "automation.Variable", "automation.VariableSet", "automation.VariableSetValue"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0001_initial"),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AddField(
            model_name="variable",
            name="description_folded",
            field=syteops.core.folding.FoldedField("description"),
        ),
        migrations.AddField(
            model_name="variable",
            name="searched",
            field=syteops.core.folding.SearchField("key", "value", "description"),
        ),
        migrations.AddField(
            model_name="variable",
            name="value_folded",
            field=syteops.core.folding.FoldedField("value"),
        ),
        migrations.AddField(
            model_name="variableset",
            name="name_folded",
            field=syteops.core.folding.FoldedField("name"),
        ),
        migrations.AddField(
            model_name="variableset",
            name="searched",
            field=syteops.core.folding.SearchField("name", "acronym"),
        ),
        migrations.AddField(
            model_name="variablesetvalue",
            name="suffix_folded",
            field=syteops.core.folding.FoldedField("suffix"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

from django.db import migrations

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "ai.AiProvider", "ai.AiAreaSettings", "ai.AiUsage")


class Migration(migrations.Migration):
    dependencies = [
        ("ai", "0002_first_providers"),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AddField(
            model_name="aiareasettings",
            name="area_folded",
            field=syteops.core.folding.FoldedField("area"),
        ),
        migrations.AddField(
            model_name="aiprovider",
            name="default_model_folded",
            field=syteops.core.folding.FoldedField("default_model"),
        ),
        migrations.AddField(
            model_name="aiprovider",
            name="name_folded",
            field=syteops.core.folding.FoldedField("name"),
        ),
        migrations.AddField(
            model_name="aiprovider",
            name="searched",
            field=syteops.core.folding.SearchField("name", "slug", "base_url"),
        ),
        migrations.AddField(
            model_name="aiusage",
            name="model_folded",
            field=syteops.core.folding.FoldedField("model"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

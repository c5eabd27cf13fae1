from django.db import migrations, models

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "estimates.Estimate")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_folded_texts"),
        ("estimates", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="estimate",
            name="client_name_folded",
            field=syteops.core.folding.FoldedField("client_name"),
        ),
        migrations.AddField(
            model_name="estimate",
            name="searched",
            field=syteops.core.folding.SearchField(
                "number",
                "title",
                "content",
                "excerpt",
                "client_name",
                "client_company",
                "client_email",
            ),
        ),
        migrations.AddField(
            model_name="estimate",
            name="title_folded",
            field=syteops.core.folding.FoldedField("title"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="estimate",
            index=models.Index(fields=["title_folded"], name="estimates_by_title"),
        ),
        migrations.AddIndex(
            model_name="estimate",
            index=models.Index(fields=["client_name_folded"], name="estimates_by_client_name"),
        ),
    ]

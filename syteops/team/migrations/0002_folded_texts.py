import syteops.core.folding
from syteops.core.folding import fill_folded
from django.conf import settings
from django.db import migrations, models


def fill(apps, schema_editor):
    fill_folded(apps, "team.TeamMember")


class Migration(migrations.Migration):
    dependencies = [
        ("team", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AddField(
            model_name="teammember",
            name="company_name_folded",
            field=syteops.core.folding.FoldedField("company_name"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="email_folded",
            field=syteops.core.folding.FoldedField("email"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="full_name_folded",
            field=syteops.core.folding.FoldedField(
                "full_name", otherwise=("first_name", "last_name")
            ),
        ),
        migrations.AddField(
            model_name="teammember",
            name="job_title_folded",
            field=syteops.core.folding.FoldedField("job_title"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="last_name_folded",
            field=syteops.core.folding.FoldedField("last_name"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="searched",
            field=syteops.core.folding.SearchField(
                "first_name",
                "last_name",
                "full_name",
                "nickname",
                "email",
                "email_alternate",
                "email_personal",
                "company_name",
                "job_title",
                "phone_number",
                "phone_mobile",
                "city",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="teammember",
            index=models.Index(fields=["full_name_folded"], name="team_by_full_name"),
        ),
        migrations.AddIndex(
            model_name="teammember",
            index=models.Index(fields=["last_name_folded"], name="team_by_last_name"),
        ),
        migrations.AddIndex(
            model_name="teammember",
            index=models.Index(fields=["company_name_folded"], name="team_by_company_name"),
        ),
        migrations.AddIndex(
            model_name="teammember",
            index=models.Index(fields=["email_folded"], name="team_by_email"),
        ),
    ]

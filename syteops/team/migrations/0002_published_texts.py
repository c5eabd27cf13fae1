import syteops.core.folding
from django.db import migrations
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "team.TeamMember")


class Migration(migrations.Migration):
    dependencies = [
        ("team", "0001_members"),
    ]

    operations = [
        migrations.AddField(
            model_name="teammember",
            name="published_folded",
            field=syteops.core.folding.SearchField(
                "full_name",
                "first_name",
                "last_name",
                "nickname",
                "job_title",
                "company_name",
                "email",
                "email_alternate",
                "email_personal",
                "phone_number",
                "phone_mobile",
                "phone_map_pref",
                "slack_handle",
                "website",
                "linkedin_url",
                "address_line_1",
                "address_line_2",
                "city",
                "region",
                "postal_code",
                "country",
                "time_zone",
                "language",
                "link_profile_pic",
                "biography",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

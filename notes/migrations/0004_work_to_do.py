from django.db import migrations, models
from django.db.models import F
from django.utils import timezone

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    fill_folded(apps, "notes.Note", "notes.ActionItem")
    # What was due long ago is no news.
    late = apps.get_model("notes", "ActionItem").objects.filter(due_date__lt=timezone.localdate())
    late.update(reminded_of=F("due_date"))


class Migration(migrations.Migration):
    dependencies = [
        ("notes", "0003_indexes_of_orders"),
        ("team", "0003_erase_permission"),
    ]

    operations = [
        migrations.AddField(
            model_name="actionitem",
            name="reminded_of",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="actionitem",
            name="searched",
            field=syteops.core.folding.SearchField("text"),
        ),
        migrations.AlterField(
            model_name="note",
            name="searched",
            field=syteops.core.folding.SearchField("title", "content", "excerpt", "attendee_names"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="actionitem",
            index=models.Index(fields=["due_date", "id"], name="notes_action_by_due"),
        ),
        migrations.AddIndex(
            model_name="actionitem",
            index=models.Index(
                fields=["due_date", "id"],
                condition=models.Q(done=False),
                name="notes_action_to_do",
            ),
        ),
        migrations.AddIndex(
            model_name="actionitem",
            index=models.Index(
                fields=["assignee", "due_date", "id"], name="notes_action_by_assignee"
            ),
        ),
    ]

from django.db import migrations, models

import syteops.core.folding
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    drop_tags_alike(apps)
    fill_folded(apps, "notes.Note", "notes.NoteTag")


def drop_tags_alike(apps):
    """Of tags of a note that count as one from now on, the first stays."""
    found = set()
    for tag in apps.get_model("notes", "NoteTag").objects.order_by("pk"):
        if (tag.note_id, tag.name_folded) in found:
            tag.delete()
        found.add((tag.note_id, tag.name_folded))


class Migration(migrations.Migration):
    dependencies = [
        ("notes", "0001_initial"),
        ("team", "0002_folded_texts"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="notetag",
            options={"default_permissions": (), "ordering": ("name_folded",)},
        ),
        migrations.RemoveConstraint(
            model_name="notetag",
            name="notes_tag_once",
        ),
        migrations.AddField(
            model_name="note",
            name="searched",
            field=syteops.core.folding.SearchField("title", "content", "excerpt"),
        ),
        migrations.AddField(
            model_name="note",
            name="title_folded",
            field=syteops.core.folding.FoldedField("title"),
        ),
        migrations.AddField(
            model_name="notetag",
            name="name_folded",
            field=syteops.core.folding.FoldedField("name"),
        ),
        migrations.AlterField(
            model_name="notetag",
            name="name",
            field=models.CharField(max_length=50),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["title_folded"], name="notes_by_title"),
        ),
        migrations.AddIndex(
            model_name="notetag",
            index=models.Index(fields=["name_folded"], name="notes_by_tag"),
        ),
        migrations.AddConstraint(
            model_name="notetag",
            constraint=models.UniqueConstraint(
                fields=("note", "name_folded"), name="notes_tag_once"
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_notes")]

    operations = [
        migrations.RemoveIndex("notetag", "notes_by_tag"),
        migrations.AddIndex(
            "notetag", models.Index(fields=["name_folded", "note"], name="notes_by_tag")
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0001_workers_and_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="seal",
            field=models.CharField(db_default="", default="", max_length=64),
        ),
    ]

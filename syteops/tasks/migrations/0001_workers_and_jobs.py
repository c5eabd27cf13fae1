import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("tasks", "0001_workers"),
        ("tasks", "0002_jobs"),
        ("tasks", "0003_job_needs"),
    ]

    dependencies = [
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("task", models.UUIDField()),
                ("actor", models.JSONField()),
                ("title", models.CharField(max_length=200)),
                ("resource", models.CharField(max_length=100)),
                ("object_id", models.CharField(max_length=100)),
                ("back", models.CharField(max_length=500)),
                ("begun_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("told", models.TextField()),
                ("problem", models.JSONField(null=True)),
                ("needs", models.JSONField(default=list)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="TaskWorker",
            fields=[
                ("id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BackgroundTask",
            fields=[],
            options={
                "verbose_name": "background task",
                "ordering": ("-enqueued_at",),
                "permissions": (("restart_backgroundtask", "Can run background tasks again"),),
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("django_tasks_database.dbtaskresult",),
        ),
    ]

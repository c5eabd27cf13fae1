import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("lists", "0001_columns"),
        ("lists", "0002_saved_views"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ColumnChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.CharField(max_length=100)),
                ("columns", models.JSONField(default=list)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "place"), name="lists_one_choice_each"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=60)),
                (
                    "is_shared",
                    models.BooleanField(
                        default=False, verbose_name="for everybody who may see the list"
                    ),
                ),
                ("asked", models.JSONField(blank=True, default=dict)),
                ("order", models.JSONField(blank=True, default=list)),
                ("columns", models.JSONField(default=list)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("name", "pk"),
                "permissions": (
                    ("share_savedview", "Can share views of lists with everybody who sees them"),
                ),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "place", "name"),
                        name="lists_view_names_differ",
                        violation_error_message="You have a view of that name. Choose another name.",
                    )
                ],
            },
        ),
    ]

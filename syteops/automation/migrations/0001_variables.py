import django.core.validators
import django.db.models.deletion
import syteops.automation.names
import syteops.core.folding
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("automation", "0001_initial"),
        ("automation", "0002_folded_texts"),
        ("automation", "0003_long_texts_and_html"),
        ("automation", "0004_variable_reads"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Variable",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Automations know it as syteops_api_ and this key.",
                        max_length=64,
                        unique=True,
                        validators=[syteops.automation.names.validate_key],
                    ),
                ),
                (
                    "value",
                    models.TextField(
                        max_length=10000,
                        validators=[django.core.validators.MaxLengthValidator(10000)],
                    ),
                ),
                (
                    "description",
                    models.CharField(blank=True, help_text="What it is for.", max_length=500),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("value_folded", syteops.core.folding.FoldedField("value")),
                ("description_folded", syteops.core.folding.FoldedField("description")),
                ("searched", syteops.core.folding.SearchField("key", "value", "description")),
            ],
            options={
                "verbose_name": "free-form variable",
                "ordering": ("key",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z][a-z0-9_]{0,63}\\Z")),
                        name="automation_key_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("value", ""), _negated=True),
                        name="automation_value_not_blank",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VariableRead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_id", models.CharField(max_length=12)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("reads", models.PositiveBigIntegerField()),
                ("last_read_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "key_id"), name="automation_one_read_per_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VariableSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "acronym",
                    models.CharField(
                        help_text="Its variables are named syteops_, this acronym, _svs_ and a suffix.",
                        max_length=16,
                        unique=True,
                        validators=[syteops.automation.names.validate_acronym],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name_folded", syteops.core.folding.FoldedField("name")),
                ("searched", syteops.core.folding.SearchField("name", "acronym")),
            ],
            options={
                "verbose_name": "variable set",
                "ordering": ("acronym",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("acronym__regex", "^[a-z][a-z0-9]{1,15}\\Z")),
                        name="automation_acronym_form",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VariableSetValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "suffix",
                    models.CharField(
                        max_length=64, validators=[syteops.automation.names.validate_suffix]
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("number", "Number"),
                            ("boolean", "Yes or no"),
                            ("url", "Web address"),
                            ("email", "E-mail address"),
                            ("date", "Date"),
                            ("long_text", "Long text"),
                            ("html", "HTML"),
                        ],
                        default="text",
                        max_length=10,
                    ),
                ),
                (
                    "value",
                    models.TextField(
                        blank=True,
                        max_length=10000,
                        validators=[django.core.validators.MaxLengthValidator(10000)],
                    ),
                ),
                ("suffix_folded", syteops.core.folding.FoldedField("suffix")),
                (
                    "set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="values",
                        to="automation.variableset",
                    ),
                ),
            ],
            options={
                "verbose_name": "value",
                "ordering": ("suffix",),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("set", "suffix"), name="automation_one_suffix_per_set"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("suffix__regex", "^[a-z][a-z0-9_]{0,63}\\Z")),
                        name="automation_suffix_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "type__in",
                                [
                                    "text",
                                    "number",
                                    "boolean",
                                    "url",
                                    "email",
                                    "date",
                                    "long_text",
                                    "html",
                                ],
                            )
                        ),
                        name="automation_known_type",
                    ),
                ],
            },
        ),
    ]

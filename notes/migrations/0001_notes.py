import django.core.validators
import django.db.models.deletion
import syteops.core.folding
import syteops.core.json_text
import syteops.lib.meta
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("notes", "0001_initial"),
        ("notes", "0002_folded_texts"),
        ("notes", "0003_indexes_of_orders"),
        ("notes", "0004_work_to_do"),
        ("notes", "0005_count_work_in_an_index"),
    ]

    initial = True

    dependencies = [
        ("team", "0001_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                (
                    "content",
                    models.TextField(
                        blank=True,
                        help_text="Markdown.",
                        validators=[django.core.validators.MaxLengthValidator(100000)],
                    ),
                ),
                (
                    "excerpt",
                    models.TextField(
                        blank=True,
                        help_text="If empty: the beginning of the content.",
                        validators=[django.core.validators.MaxLengthValidator(500)],
                    ),
                ),
                ("excerpt_derived", models.BooleanField(default=True, editable=False)),
                (
                    "slug",
                    models.CharField(
                        help_text="A unique name for addresses. If empty: made from the title. It stays when the title changes.",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9]+(?:[-_][a-z0-9]+)*\\Z",
                                "Use a-z, 0-9 and single dashes between.",
                            )
                        ],
                    ),
                ),
                (
                    "meta",
                    syteops.core.json_text.JsonTextField(
                        blank=True,
                        default=dict,
                        help_text="A JSON object in which tools keep what is theirs.",
                        validators=[syteops.lib.meta.validate_meta],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("title_folded", syteops.core.folding.FoldedField("title")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("published", "Published"),
                            ("archived", "Archived"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                (
                    "attendee_names",
                    models.JSONField(blank=True, default=list, help_text="Who else was there."),
                ),
                ("meeting_date", models.DateField(blank=True, null=True)),
                (
                    "follow_up_date",
                    models.DateField(blank=True, null=True, verbose_name="follow-up date"),
                ),
                (
                    "searched",
                    syteops.core.folding.SearchField(
                        "title", "content", "excerpt", "attendee_names"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notes_written",
                        to="team.teammember",
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "ordering": ("-updated_at", "-id"),
                "abstract": False,
                "indexes": [
                    models.Index(fields=["status", "-updated_at"], name="notes_by_status"),
                    models.Index(fields=["follow_up_date"], name="notes_by_follow_up"),
                    models.Index(fields=["title_folded"], name="notes_by_title"),
                    models.Index(fields=["updated_at", "id"], name="notes_by_update"),
                    models.Index(fields=["created_at", "id"], name="notes_by_creation"),
                    models.Index(fields=["meeting_date", "id"], name="notes_by_meeting"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title", ""), _negated=True),
                            models.Q(("slug", ""), _negated=True),
                        ),
                        name="notes_note_named",
                    ),
                    models.UniqueConstraint(fields=("slug",), name="notes_slug"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "published", "archived"])),
                        name="notes_status",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ActionItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=10000)),
                ("text", models.CharField(max_length=500)),
                ("due_date", models.DateField(blank=True, null=True)),
                ("done", models.BooleanField(default=False)),
                ("reminded_of", models.DateField(editable=False, null=True)),
                ("searched", syteops.core.folding.SearchField("text")),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notes_action_items",
                        to="team.teammember",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="action_items",
                        to="notes.note",
                    ),
                ),
            ],
            options={
                "ordering": ("position", "id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["due_date", "id"], name="notes_action_by_due"),
                    models.Index(
                        condition=models.Q(("done", False)),
                        fields=["due_date", "id", "note", "done"],
                        name="notes_action_to_do",
                    ),
                    models.Index(
                        fields=["assignee", "due_date", "id"], name="notes_action_by_assignee"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="notes_action_has_text",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoteAttendee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes_attended",
                        to="team.teammember",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attendances",
                        to="notes.note",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("note", "member"), name="notes_attendee_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="NoteTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                ("name_folded", syteops.core.folding.FoldedField("name")),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_rows",
                        to="notes.note",
                    ),
                ),
            ],
            options={
                "ordering": ("name_folded",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["name_folded"], name="notes_by_tag")],
                "constraints": [
                    models.UniqueConstraint(fields=("note", "name_folded"), name="notes_tag_once"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="notes_tag_has_name"
                    ),
                ],
            },
        ),
    ]

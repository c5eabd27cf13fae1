import django.core.validators
import django.db.models.deletion
import syteops.core.folding
from django.db import migrations, models

from syteops.audit.in_migrations import record_created

SYSTEM_ROLES = {
    "site_owner": {
        "name": "Site owner",
        "description": "Decides about the site.",
        "icon": "shield_person",
        "color": "#1d4ed8",
    },
    "technical_contact": {
        "name": "Technical contact",
        "description": "Whom to ask when something does not work.",
        "icon": "engineering",
        "color": "#0f766e",
    },
    "marketing_contact": {
        "name": "Marketing contact",
        "description": "Whom to ask about content and campaigns.",
        "icon": "campaign",
        "color": "#b45309",
    },
}


def create_system_roles(apps, schema_editor):
    for slug, values in SYSTEM_ROLES.items():
        role = apps.get_model("roles", "Role").objects.create(
            slug=slug, constraint_type="unique", system=True, **values
        )
        record_created(apps, role, slug)


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("roles", "0001_initial"),
        ("roles", "0002_system_roles"),
        ("roles", "0003_slug_may_be_given"),
        ("roles", "0004_folded_texts"),
    ]

    dependencies = [
        ("audit", "0001_trail"),
        ("team", "0001_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        max_length=60,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9]+(?:_[a-z0-9]+)*\\Z",
                                "Use a-z, 0-9 and single underscores between.",
                            )
                        ],
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Such as Editor. People read it; automations use the slug.",
                        max_length=60,
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "icon",
                    models.CharField(
                        blank=True,
                        help_text="Name of a Material symbol, such as badge.",
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9_]+\\Z",
                                "Use the name of a Material symbol, such as badge.",
                            )
                        ],
                    ),
                ),
                (
                    "color",
                    models.CharField(
                        default="#64748b",
                        help_text="Such as #1d4ed8.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-fA-F]{6}\\Z", "Write the color like #1d4ed8."
                            )
                        ],
                    ),
                ),
                (
                    "constraint_type",
                    models.CharField(
                        choices=[
                            ("unique", "One member"),
                            ("max_count", "A number of members"),
                            ("unlimited", "Any number of members"),
                        ],
                        default="unlimited",
                        help_text="How many members may hold the role.",
                        max_length=10,
                        verbose_name="constraint",
                    ),
                ),
                (
                    "max_count",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="How many members, if the constraint is a number of members.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="limit",
                    ),
                ),
                ("system", models.BooleanField(default=False, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name_folded", syteops.core.folding.FoldedField("name")),
                ("searched", syteops.core.folding.SearchField("name", "slug", "description")),
            ],
            options={
                "ordering": ("-system", "name_folded"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name_folded",),
                        name="roles_name_once",
                        violation_error_message="Another role has this name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("constraint_type__in", ["unique", "max_count", "unlimited"])
                        ),
                        name="roles_constraint_type_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("constraint_type", "max_count"),
                                ("max_count__gte", 1),
                                ("max_count__isnull", False),
                            ),
                            models.Q(
                                models.Q(("constraint_type", "max_count"), _negated=True),
                                ("max_count", None),
                            ),
                            _connector="OR",
                        ),
                        name="roles_max_count_with_its_type",
                        violation_error_message="Give a limit if it is a number of members, and only then.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("system", False), ("constraint_type", "unique"), _connector="OR"
                        ),
                        name="roles_system_role_is_unique",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleAssignment",
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
                        related_name="role_assignments",
                        to="team.teammember",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to="roles.role",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("role", "member"), name="roles_assigned_once")
                ],
            },
        ),
        migrations.RunPython(create_system_roles, migrations.RunPython.noop),
    ]

from django.db import migrations, models

import syteops.core.folding
from syteops.audit.in_migrations import record_updated
from syteops.core.folding import fill_folded


def fill(apps, schema_editor):
    rename_alike(apps)
    fill_folded(apps, "roles.Role")


def rename_alike(apps):
    """Of names that count as one from now on, the first stays, a system role's above all.

    The others get a number, and an entry in the audit trail. Who holds them, and the slugs that
    automations use, stay.
    """
    taken = set()
    for role in apps.get_model("roles", "Role").objects.order_by("-system", "pk"):
        name, number = role.name, 2
        while role.name_folded in taken:
            # In front: of a long name's folding only the beginning is kept.
            role.name = f"({number}) {name}"[:60]
            number += 1
        taken.add(role.name_folded)
        if role.name != name:
            role.save(update_fields=["name"])
            record_updated(apps, role, role.slug, {"name": (name, role.name)})


class Migration(migrations.Migration):
    dependencies = [
        ("roles", "0003_slug_may_be_given"),
        ("server", "0002_texts_on_one_line"),  # folds what that has changed
    ]

    operations = [
        migrations.AlterModelOptions(
            name="role",
            options={"ordering": ("-system", "name_folded")},
        ),
        migrations.RemoveConstraint(
            model_name="role",
            name="roles_name_once",
        ),
        migrations.AddField(
            model_name="role",
            name="name_folded",
            field=syteops.core.folding.FoldedField("name"),
        ),
        migrations.AddField(
            model_name="role",
            name="searched",
            field=syteops.core.folding.SearchField("name", "slug", "description"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                fields=("name_folded",),
                name="roles_name_once",
                violation_error_message="Another role has this name.",
            ),
        ),
    ]

from django.db import migrations

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
    Role = apps.get_model("roles", "Role")
    for slug, values in SYSTEM_ROLES.items():
        fixed = {"constraint_type": "unique", "system": True}
        role, is_new = Role.objects.get_or_create(slug=slug, defaults={**values, **fixed})
        if is_new:
            record_created(apps, role, slug)


class Migration(migrations.Migration):
    dependencies = [("roles", "0001_initial"), ("audit", "0001_initial")]
    operations = [migrations.RunPython(create_system_roles, migrations.RunPython.noop)]

from django.db import migrations


def create_switch(apps, schema_editor):
    apps.get_model("keys", "ApiSwitch").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("keys", "0001_initial")]
    operations = [migrations.RunPython(create_switch, migrations.RunPython.noop)]

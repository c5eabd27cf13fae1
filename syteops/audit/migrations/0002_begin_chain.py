from django.db import migrations


def begin_chain(apps, schema_editor):
    """Once: a site that loses the record of its chain later is told so, and gets no other."""
    from syteops.audit import chain

    chain.begin(apps.get_model("audit", "AuditChain"))


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(begin_chain, migrations.RunPython.noop)]

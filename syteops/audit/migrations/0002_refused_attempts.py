from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_trail")]

    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(
                fields=["id"], condition=models.Q(outcome="refused"), name="audit_refused"
            ),
        ),
    ]

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0002_last_problems")]

    operations = [
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["integration", "destination", "event"],
                condition=Q(state="waiting"),
                name="delivery_waiting_by_event",
            ),
        ),
    ]

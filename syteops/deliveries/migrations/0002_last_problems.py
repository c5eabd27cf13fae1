from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0001_deliveries")]

    operations = [
        migrations.AddField(
            "destinationstate",
            "last_problem",
            models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
    ]

from django.core.validators import RegexValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("roles", "0002_system_roles")]

    operations = [
        migrations.AlterField(
            model_name="role",
            name="slug",
            field=models.CharField(
                max_length=60,
                unique=True,
                validators=[
                    RegexValidator(
                        r"\A[a-z0-9]+(?:_[a-z0-9]+)*\Z",
                        "Use a-z, 0-9 and single underscores between.",
                    )
                ],
            ),
        ),
    ]

import django.db.models.deletion
import syteops.core.encryption
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("invitations", "0001_initial"),
        ("invitations", "0002_mail_states"),
    ]

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="Whose account it will be. Empty: whoever has the link chooses.",
                        max_length=254,
                        verbose_name="e-mail address",
                    ),
                ),
                ("permissions", models.JSONField(blank=True, default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(editable=False, verbose_name="expires")),
                (
                    "accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="accepted"),
                ),
                (
                    "verifier",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                (
                    "mail_token",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                (
                    "mail_state",
                    models.CharField(
                        blank=True,
                        choices=[("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed")],
                        editable=False,
                        max_length=10,
                        verbose_name="e-mail",
                    ),
                ),
                ("mail_attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("groups", models.ManyToManyField(blank=True, related_name="+", to="auth.group")),
                (
                    "invited_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "default_permissions": ("view", "add", "delete"),
            },
        ),
    ]

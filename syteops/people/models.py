from django.conf import settings
from django.db import models


class PasswordChangeRequired(models.Model):
    """While this row exists its person can do nothing but choose a new password."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="password_change_required",
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "password change required"
        verbose_name_plural = "password changes required"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} must choose a new password"

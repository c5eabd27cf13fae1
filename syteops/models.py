"""What the project itself keeps: who must change the password, and the proof of the keys."""

from django.conf import settings
from django.db import models

from syteops.lib.encryption import EncryptedTextField


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

    def __str__(self) -> str:
        return f"{self.user} must choose a new password"


class EncryptionProof(models.Model):
    """A known text sealed by `setup`: as long as it opens, the keys are the right ones."""

    name = models.CharField(max_length=20, primary_key=True)
    sealed = EncryptedTextField(bound_to="name")

    def __str__(self) -> str:
        return self.name

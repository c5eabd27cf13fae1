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


class StarterGroup(models.Model):
    """A group that SyteOps has made, once. `group` is None when it was there before, or deleted.

    `given` are the permissions that it got. One that has others by now is its admins' business.
    """

    slug = models.CharField(max_length=30, primary_key=True)
    group = models.OneToOneField(
        "auth.Group", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    given = models.JSONField(default=list)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.slug

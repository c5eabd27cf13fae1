from django.db import models


class TaskState(models.Model):
    """How a task that the server does by itself ended last, in whichever process."""

    name = models.CharField(max_length=60, primary_key=True)
    finished_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

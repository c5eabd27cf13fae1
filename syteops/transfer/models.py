import uuid

from django.conf import settings
from django.db import models

from syteops.core.encryption import EncryptedTextField


class Import(models.Model):
    """A file that somebody has uploaded, and what importing it would do: until it is imported.

    Both are sealed: there may be anything in them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    resource = models.CharField(max_length=100)
    file_name = models.CharField(max_length=200)
    content = EncryptedTextField(bound_to="id")
    report = EncryptedTextField(bound_to="id")
    row_count = models.PositiveIntegerField()
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.file_name

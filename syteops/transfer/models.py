import uuid

from django.conf import settings
from django.db import models

from syteops.core.encryption import EncryptedTextField
from syteops.transfer.choices import Kind


class Import(models.Model):
    """A table that somebody would have stored, and what that would do: until it is.

    It was uploaded as a file, or made of chosen rows and of what they are to become.

    Both are sealed: there may be anything in them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    resource = models.CharField(max_length=100)
    file_name = models.CharField(max_length=200)
    content = EncryptedTextField(bound_to="id")
    report = EncryptedTextField(bound_to="id")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.FILE)
    row_count = models.PositiveIntegerField()
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.file_name


class Download(models.Model):
    """A workbook that a worker makes of the rows with these keys, for one person; sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    resource = models.CharField(max_length=100)
    keys = models.JSONField(default=list)
    content = EncryptedTextField(bound_to="id")
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.resource}.xlsx"

from django.db import models

from syteops.core.encryption import EncryptedTextField


class EncryptionProof(models.Model):
    """A known text sealed by `setup`: as long as it opens, the keys are the right ones."""

    name = models.CharField(max_length=20, primary_key=True)
    sealed = EncryptedTextField(bound_to="name")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

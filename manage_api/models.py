from django.db import models

from syteops.core.encryption import EncryptedTextField


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` that was used, with the answer to the write that used it.

    `digest` binds it to caller, operation and object; `fingerprint` to the input, without
    containing it. An answer that shows a secret, once, is kept sealed; no other carries any.
    """

    digest = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)
    answer = models.JSONField()
    sealed_body = EncryptedTextField(bound_to="digest")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]

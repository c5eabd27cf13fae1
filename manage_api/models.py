from django.db import models


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` that was used, with the answer to the write that used it.

    `digest` binds it to caller, operation and object; `fingerprint` to the input, without
    containing it. Answers of the API carry no secret, so none is stored here.
    """

    digest = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)
    answer = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]

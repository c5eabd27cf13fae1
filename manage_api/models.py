from django.db import models


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` in use: claimed while its write runs, then holding the answer.

    `digest` binds it to caller, operation and object; `fingerprint` to the input, without
    containing it. Answers of the API carry no secret, so none is stored here.
    """

    digest = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    claim = models.CharField(max_length=32)
    claimed_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    answer = models.JSONField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]

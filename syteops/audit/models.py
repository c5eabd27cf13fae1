import uuid
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import Q
from django.utils import timezone

from syteops.core.actors import ActorKind, Channel
from syteops.core.entities import Entity
from syteops.core.events import Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.json_text import JsonTextField


class Outcome(models.TextChoices):
    """Whether the entry tells of a change or of an attempt that was refused."""

    CHANGED = "changed", "Changed"
    REFUSED = "refused", "Refused"


class AuditEntry(Entity):
    """One line of the audit trail. Written once, by `services.record`; never edited or deleted."""

    resource: ClassVar[str] = "audit"
    noun: ClassVar[str] = "audit_entry"
    verbs: ClassVar[frozenset[Verb]] = frozenset()
    counted: ClassVar[bool] = False

    at = models.DateTimeField(default=timezone.now, db_index=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.CHANGED)
    actor_kind = models.CharField(max_length=10, choices=[(k, k.capitalize()) for k in ActorKind])
    actor_id = models.CharField(max_length=150, blank=True)
    actor_label = models.CharField(max_length=200, blank=True)
    door = models.CharField(max_length=10, choices=[(d, d.capitalize()) for d in Channel])
    operation = models.CharField(max_length=100, blank=True)
    event = models.CharField(max_length=100)
    object_resource = models.CharField("resource", max_length=50, blank=True)
    object_id = models.CharField("object", max_length=200, blank=True)
    # What `object_id` is not: the same for an object's whole life, and never used again.
    object_pk = models.CharField(max_length=64, blank=True, editable=False)
    object_label = models.CharField("name", max_length=200, blank=True)
    changes = JsonTextField(default=dict, blank=True)
    code = models.CharField(max_length=50, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mac = models.CharField(max_length=64, editable=False)
    sequence = models.BigIntegerField(null=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, blank=True, editable=False)

    changes_left_out = False
    """Whether its changes were not read, because those of others are long (`queries.read_many`)."""

    # No part of the seal, which has what they are made of; verifying makes them again.
    actor_label_folded = FoldedField("actor_label")
    searched = SearchField("object_label", "actor_label")

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = (
            ("read_every_auditentry", "Can read what the trail holds of everything"),
            ("change_auditentry", "Can undo changes"),  # an entry itself is never changed
        )
        indexes = (
            models.Index(fields=["object_resource", "object_id"], name="audit_object"),
            models.Index(fields=["object_resource", "object_pk"], name="audit_object_pk"),
            # By itself: SQLite would rather read all entries of a resource than sort a few.
            models.Index(fields=["object_id", "id"], name="audit_object_id"),
            models.Index(fields=["actor_kind", "actor_id"], name="audit_actor"),
            models.Index(fields=["actor_id", "id"], name="audit_actor_id"),
            models.Index(fields=["actor_label_folded", "id"], name="audit_actor_label"),
            # None of all outcomes, or of doors: most entries are alike there, and SQLite would take
            # it first.
            models.Index(fields=["id"], condition=Q(outcome="refused"), name="audit_refused"),
            models.Index(fields=["object_resource", "id"], name="audit_resource"),
            models.Index(fields=["event", "id"], name="audit_event"),
            models.Index(fields=["object_resource", "at"], name="audit_resource_at"),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.object_id}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit entries are never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit entries are never deleted.")


class AuditChain(models.Model):
    """Where the chain of sealed entries ends, and where its oldest end was cut. One signed row."""

    head_sequence = models.BigIntegerField(default=0)
    head_seal = models.CharField(max_length=64, blank=True)
    cut_sequence = models.BigIntegerField(default=0)
    cut_seal = models.CharField(max_length=64, blank=True)
    cut_at = models.DateTimeField(null=True)
    mac = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()
        constraints = (models.CheckConstraint(condition=Q(id=1), name="audit_one_chain"),)

    def __str__(self) -> str:
        return f"{self.head_sequence} sealed entries"

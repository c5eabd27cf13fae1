import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import Verb
from syteops.core.web_addresses import MailAddressField
from syteops.integrations.queued_mail import MailState


class InvitationState(models.TextChoices):
    """Whether the link still works, and if not, why."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    EXPIRED = "expired", "Expired"


def name_of(email: str, expires_at: datetime) -> str:
    """What people call an invitation: the address, or until when its link works."""
    return email or f"by link, until {timezone.localtime(expires_at):%Y-%m-%d}"


class Invitation(Entity):
    """A link with which one person makes an account of his own, with these rights, once.

    `verifier` is the SHA-256 of the link's token, sealed. The token itself is sealed in
    `mail_token` until the e-mail has left, and stored nowhere else. Deleting one revokes it.
    """

    resource: ClassVar[str] = "invitations"
    noun: ClassVar[str] = "invitation"
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (Verb.CREATED, Verb.UPDATED, Verb.ACCEPTED, Verb.REVOKED, Verb.MAILED, Verb.MAIL_FAILED)
    )
    counted: ClassVar[bool] = False
    unvalidated = frozenset(("uid",))

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = MailAddressField(
        "e-mail address",
        blank=True,
        help_text="Whose account it will be. Empty: whoever has the link chooses.",
    )
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    permissions: "models.JSONField[list[str], list[str]]" = models.JSONField(
        default=list, blank=True
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField("expires", editable=False)
    accepted_at = models.DateTimeField("accepted", null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    verifier = EncryptedTextField(bound_to="uid")
    mail_token = EncryptedTextField(bound_to="uid")
    mail_state = models.CharField(
        "e-mail", max_length=10, choices=MailState, blank=True, editable=False
    )
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view", "add", "delete")

    def __str__(self) -> str:
        return name_of(self.email, self.expires_at)

    @property
    def state(self) -> InvitationState:
        """Whether the link works now."""
        if self.accepted_at:
            return InvitationState.ACCEPTED
        is_over = self.expires_at <= timezone.now()
        return InvitationState.EXPIRED if is_over else InvitationState.OPEN

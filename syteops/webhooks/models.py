import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import SECRET_VERBS, Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.outbound import url_problem
from syteops.core.web_addresses import WebAddressField
from syteops.events.catalogue import validate_patterns
from syteops.lib.urls import MAX_LENGTH


def validate_receiver(url: str) -> None:
    """Raises ValidationError for an address to which this site may not send."""
    if problem := url_problem(url):
        raise ValidationError(problem, "invalid")


class Webhook(Entity):
    """An address that events are posted to, and the secret that signs them.

    Without a secret nothing is sent; what is waiting waits. While `former_secret` is younger than
    `OVERLAP`, it signs as well.
    """

    resource: ClassVar[str] = "webhooks"
    noun: ClassVar[str] = "webhook"
    verbs: ClassVar[frozenset[Verb]] = Entity.verbs | SECRET_VERBS | {Verb.TESTED}
    credential_addresses: ClassVar[Mapping[str, str]] = {
        "signing_secret": "url",
        "former_secret": "url",
    }
    unvalidated = frozenset(("uid",))

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, help_text="Who gets the events, such as Billing.")
    url = WebAddressField(
        "URL",
        max_length=MAX_LENGTH,
        validators=[validate_receiver],
        help_text="Where events are posted to. It must be public.",
    )
    types: "models.JSONField[list[str], list[str]]" = models.JSONField(
        "events", default=list, validators=[validate_patterns]
    )
    active = models.BooleanField(default=True, help_text="Whether events are sent there.")
    signing_secret = EncryptedTextField(bound_to="uid")
    signing_secret_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    former_secret = EncryptedTextField(bound_to="uid")
    former_secret_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    tested_at = models.DateTimeField("last tested", null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    name_folded = FoldedField("name")
    searched = SearchField("name", "url")

    new_secret: Any = None
    """The text of a secret that was made just now; it is kept nowhere but sealed."""

    class Meta:
        verbose_name = "webhook"
        ordering = ("name_folded", "id")
        permissions = (("set_secrets_webhook", "Can rotate the secrets of webhooks"),)

    def __str__(self) -> str:
        return self.name

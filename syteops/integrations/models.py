from typing import ClassVar

from django.db import models

from syteops.audit.switchables import SwitchableState
from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import SECRET_VERBS, Verb


class IntegrationState(SwitchableState):
    """What the admin decided about an integration. Without a row: off, with the default config."""

    resource: ClassVar[str] = "integrations"
    noun: ClassVar[str] = "integration"
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (Verb.ENABLED, Verb.DISABLED, Verb.CONFIGURED, Verb.TESTED)
    )
    switch, turn_on, turn_off = "enabled", "enable", "disable"

    enabled = models.BooleanField(default=False)

    class Meta(SwitchableState.Meta):
        verbose_name = "integration"
        permissions = (
            ("set_secrets_integrationstate", "Can set and clear secrets of integrations"),
        )


class IntegrationSecret(Entity):
    """One secret of an integration, sealed for exactly this integration and name."""

    resource: ClassVar[str] = "integrations"
    noun: ClassVar[str] = "integration_secret"
    verbs: ClassVar[frozenset[Verb]] = SECRET_VERBS
    counted: ClassVar[bool] = False

    integration = models.SlugField(max_length=50, editable=False)
    name = models.SlugField(max_length=50, editable=False)
    value = EncryptedTextField(bound_to="public_id")
    value_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "integration"
        default_permissions = ()
        ordering = ("integration", "name")
        constraints = (
            models.UniqueConstraint(
                fields=["integration", "name"], name="integrations_one_secret_per_name"
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return f"{self.integration}/{self.name}"

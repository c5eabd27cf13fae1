from collections.abc import Mapping
from typing import ClassVar

from django.db import models

from syteops.audit.services import read_secret
from syteops.audit.switchables import SwitchableState
from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import SECRET_VERBS, Verb
from syteops.core.schemas import with_defaults
from syteops.integrations.catalogue import all_integrations


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
    credential_addresses: ClassVar[Mapping[str, str]] = {"value": "address"}

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

    @property
    def address(self) -> str:
        """To which it is sent: a value of the config, or another secret; "" where there is none."""
        one = all_integrations().get(self.integration)
        spec = one and one.secret(self.name)
        if not one or not spec or not spec.sent_to:
            return ""
        if one.secret(spec.sent_to):
            mine = {"integration": self.integration, "name": spec.sent_to}
            place = IntegrationSecret.objects.filter(**mine).first()
            return (place and read_secret(place, "value")) or ""
        state = IntegrationState.objects.filter(slug=self.integration).first()
        config = with_defaults(one.config_schema, state.config if state else {})
        return str(config.get(spec.sent_to, ""))

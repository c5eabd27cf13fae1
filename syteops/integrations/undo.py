"""How changes of an integration's secrets are undone: they have rows of their own."""

from syteops.history.undo import Undo, register_undo
from syteops.integrations import services
from syteops.integrations.models import IntegrationSecret

register_undo(
    Undo(
        IntegrationSecret,
        lock_first=lambda secret: services.locked_state(secret.integration),
    )
)

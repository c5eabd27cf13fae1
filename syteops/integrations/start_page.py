"""What the start page shows of integrations: that one should be enabled."""

from syteops.core.start_page import Step, first_step
from syteops.integrations.queries import count_enabled


@first_step(
    60,
    "integrations.change_integrationstate",
    Step(
        "Connect a tool",
        "Enable an integration: webhooks tell your tools what happens here, Slack tells people.",
        "hub",
        "admin:integrations_integrationstate_changelist",
    ),
)
def has_integration() -> bool:
    """Whether an integration is enabled and can work."""
    return count_enabled() > 0

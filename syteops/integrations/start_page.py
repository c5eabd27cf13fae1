"""What the start page shows of integrations: which are enabled, and whether they can work."""

from typing import Any

from django.urls import reverse

from syteops.core.start_page import Line, Panel, Step, first_step, panel
from syteops.integrations.queries import all_installed, count_enabled


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


@panel("integrations.view_integrationstate")
def show_integrations(person: Any) -> Panel:
    """Those that are enabled, and how many are not."""
    url, installed = reverse("admin:integrations_integrationstate_changelist"), all_installed()
    lines = [
        Line(one.name, "good", "enabled")
        if one.available
        else Line(one.name, "warn", one.unavailable_reason)
        for one in installed
        if one.enabled
    ]
    off = sum(not one.enabled for one in installed)
    lines.append(Line("Not enabled", url=f"{url}?state=off", count=off))
    return Panel("Integrations", "hub", url, None, lines)

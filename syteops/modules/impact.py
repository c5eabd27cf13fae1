"""What goes away when a module is switched off. It comes back with the module."""

from typing import Any

from manage_api.operations import all_operations
from syteops.ai.areas import all_areas
from syteops.automation.families import all_families
from syteops.integrations.catalogue import all_integrations


def deactivation_impact(slug: str) -> dict[str, Any]:
    """The names of everything that a module contributes."""
    return {
        "module": slug,
        "operations": [one.name for one in all_operations() if one.module == slug],
        "variables": [one.pattern for one in all_families() if one.module == slug],
        "ai_areas": [one.slug for one in all_areas().values() if one.module == slug],
        "integrations": [one.slug for one in all_integrations().values() if one.module == slug],
    }

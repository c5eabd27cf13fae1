"""What the start page shows of modules: which are active."""

from typing import Any

from django.urls import reverse

from syteops.core.start_page import Line, Panel, panel
from syteops.modules.queries import all_modules


@panel("modules.view_modulestate")
def show_modules(person: Any) -> Panel:
    """Each module, and whether it is active."""
    url = reverse("admin:modules_modulestate_changelist")
    lines = [
        Line(
            one.name,
            "good" if one.active else "",
            "active" if one.active else "inactive",
            reverse("admin:modules_modulestate_change", args=[one.slug]),
        )
        for one in all_modules()
    ]
    return Panel("Modules", "extension", url, None, lines)

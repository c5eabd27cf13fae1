"""What the start page shows of AI: which areas work, and which lack something."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from syteops.ai.queries import default_provider, list_areas
from syteops.core.encryption import SecretState, secret_state
from syteops.core.start_page import Line, Need, Panel, Step, counted, first_step, needs, panel


@first_step(
    50,
    "ai.add_aiprovider",
    Step(
        "Connect an AI provider",
        "It suggests texts for notes and estimates. Nothing is stored before you accept it.",
        "neurology",
        "admin:ai_aiprovider_changelist",
    ),
)
def works_somewhere() -> bool:
    """Whether an area works."""
    return any(one.ready for one in list_areas())


@needs("ai.view_aiareasettings")
def tell_lacking(person: Any) -> Iterator[Need]:
    """The areas that somebody switched on and that cannot work, once there is any provider."""
    lacking = [one for one in list_areas() if one.settings.enabled and not one.ready]
    if lacking and default_provider():
        count = len(lacking)
        who = counted(
            count, "AI area is switched on and lacks", "AI areas are switched on and lack"
        )
        text = f"{who} a provider, a model or a key."
        yield Need("warn", "neurology", text, _areas("lacking"), count=count)


@panel("ai.view_aiprovider")
def show_ai(person: Any) -> Panel:
    """What serves by default, and how many areas work."""
    default, areas = default_provider(), list_areas()
    if default is None:
        lines = [Line("Default provider", "warn", "none")]
    else:
        key = secret_state(default, "api_key")
        page = reverse("admin:ai_aiprovider_change", args=[default.pk])
        lines = [
            Line("Default provider", note=str(default), url=page),
            Line("Its key", *_KEYS[key]),
        ]
    ready = sum(one.ready for one in areas)
    url = _areas("ready") if person.has_perm("ai.view_aiareasettings") else ""
    lines.append(Line("Areas that work", url=url, count=ready))
    return Panel("AI", "neurology", reverse("admin:ai_aiprovider_changelist"), None, lines)


_KEYS = {
    SecretState.READABLE: ("good", "set"),
    SecretState.UNREADABLE: ("warn", "unreadable: set it again"),
    SecretState.NONE: ("warn", "not set"),
}


def _areas(works: str) -> str:
    return f"{reverse('admin:ai_aiareasettings_changelist')}?works={works}"

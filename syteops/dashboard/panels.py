"""The panels of the start page: each shows what its viewer's permissions allow, or is not there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.timesince import timesince

from manage_api.keys.queries import api_state, restricted_keys, site_key
from syteops.ai.queries import default_provider, list_areas
from syteops.core.entities import Entity
from syteops.core.modules import inactive_modules
from syteops.core.permissions import permission_name
from syteops.dashboard.status import counted_models
from syteops.history.templatetags.audit_words import ago
from syteops.integrations.queries import all_installed
from syteops.modules.queries import all_modules
from syteops.roles.queries import all_roles


@dataclass(frozen=True)
class Line:
    """One line of a panel. `tone` is good, warn, bad or ""."""

    text: str
    tone: str = ""
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Panel:
    """One box of the start page."""

    title: str
    icon: str
    url: str
    state: Line | None = None
    lines: list[Line] = field(default_factory=list)


def panels_for(user: Any) -> list[Panel]:
    """Everything this person may see of the site at a glance."""
    seen = (make for permission, make in _PANELS if not permission or user.has_perm(permission))
    return [panel for make in seen if (panel := make(user)) is not None]


def _api(user: Any) -> Panel:
    state, url = api_state(), reverse("admin:keys_managekey_changelist")
    if state == "no_key":
        lines = [Line("Generate a key to let tools in.")]
    else:
        lines = [*_site_key(), Line("Restricted keys", note=str(restricted_keys().count()))]
    return Panel("Manage API", "vpn_key", url, _API_STATES[state], lines)


_API_STATES = {
    "no_key": Line("No key"),
    "enabled": Line("Active", "good"),
    "disabled": Line("API disabled", "bad"),
}


def _site_key() -> list[Line]:
    key = site_key()
    if key is None:
        return [Line("Site key", note="none")]
    used = ago(key.last_used_at) if key.last_used_at else "never"
    return [
        Line("Site key", note=key.hint),
        Line("Age", note=timesince(key.created_at)),
        Line("Last used", note=used),
    ]


def _counts(user: Any) -> Panel | None:
    lines = [
        Line(_plural(model), note=str(model.listed().count()), url=_list_url(model))
        for model in counted_models(inactive_modules())
        if user.has_perm(permission_name(model, "view"))
    ]
    return Panel("What there is", "inventory_2", "", None, lines) if lines else None


def _plural(model: type[Entity]) -> str:
    name = str(model._meta.verbose_name_plural)
    return name[:1].upper() + name[1:]


def _list_url(model: type[Any]) -> str:
    """Where the admin lists these; "" when it does not."""
    if model not in admin.site._registry:
        return ""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    except NoReverseMatch:
        return ""


def _roles(user: Any) -> Panel:
    lines = []
    for role in all_roles():
        if role.system:
            holders = ", ".join(str(one) for one in role.holders)
            lines.append(Line(role.name, "" if holders else "warn", holders or "nobody"))
    return Panel("Who is responsible", "assignment_ind", _url_of("roles", "role"), None, lines)


def _modules(user: Any) -> Panel:
    lines = [
        Line(one.name, "good" if one.active else "", "active" if one.active else "inactive")
        for one in all_modules()
    ]
    return Panel("Modules", "extension", _url_of("modules", "modulestate"), None, lines)


def _integrations(user: Any) -> Panel:
    installed = all_installed()
    lines = [
        Line(one.name, "good", "enabled")
        if one.available
        else Line(one.name, "warn", one.unavailable_reason)
        for one in installed
        if one.enabled
    ]
    available = sum(one.available and not one.enabled for one in installed)
    lines.append(Line("Available, not enabled", note=str(available)))
    url = _url_of("integrations", "integrationstate")
    return Panel("Integrations", "hub", url, None, lines)


def _ai(user: Any) -> Panel:
    default, areas = default_provider(), list_areas()
    if default is None:
        lines = [Line("Default provider", "warn", "none")]
    else:
        has_key = default.api_key is not None
        lines = [
            Line("Default provider", note=str(default)),
            Line("Its key", "good" if has_key else "warn", "set" if has_key else "not set"),
        ]
    ready = sum(one.ready for one in areas)
    lines.append(Line("Areas that work", note=f"{ready} of {len(areas)}"))
    return Panel("AI", "neurology", _url_of("ai", "aiprovider"), None, lines)


# Each with the permission to see it; what there is, is shown kind by kind.
_PANELS: tuple[tuple[str, Callable[[Any], Panel | None]], ...] = (
    ("keys.manage_api_keys", _api),
    ("", _counts),
    ("roles.view_role", _roles),
    ("modules.view_modulestate", _modules),
    ("integrations.view_integrationstate", _integrations),
    ("ai.view_aiprovider", _ai),
)


def _url_of(app_label: str, model_name: str) -> str:
    return _list_url(apps.get_model(app_label, model_name))

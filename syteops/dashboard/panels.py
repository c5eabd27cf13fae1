"""The panels of the start page: each shows what its viewer's permissions allow, or is not there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.timesince import timesince

from manage_api.keys.queries import api_state, restricted_keys, site_key
from syteops.ai.queries import default_provider, list_areas
from syteops.core.entities import Entity
from syteops.core.permissions import permission_name
from syteops.dashboard.site import is_away
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
    makers = (_api, _counts, _roles, _modules, _integrations, _ai)
    return [panel for make in makers if (panel := make(user)) is not None]


def _api(user: Any) -> Panel | None:
    if not user.has_perm("keys.manage_api_keys"):
        return None
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
        Line(_plural(model), note=str(model._default_manager.count()), url=_list_url(model))
        for model in counted_models()
        if user.has_perm(permission_name(model, "view"))
    ]
    return Panel("What there is", "inventory_2", "", None, lines) if lines else None


def counted_models() -> Iterator[type[Entity]]:
    """Every kind of managed object that is counted, of the core and of active modules."""
    for model in apps.get_models():
        if issubclass(model, Entity) and model.counted and not is_away(model._meta.app_label):
            yield model


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


def _roles(user: Any) -> Panel | None:
    if not user.has_perm("roles.view_role"):
        return None
    lines = []
    for role in all_roles():
        if role.system:
            holders = ", ".join(str(one) for one in role.holders)
            lines.append(Line(role.name, "" if holders else "warn", holders or "nobody"))
    return Panel("Who is responsible", "assignment_ind", _url_of("roles", "role"), None, lines)


def _modules(user: Any) -> Panel | None:
    if not user.has_perm("modules.view_modulestate"):
        return None
    lines = [
        Line(one.name, "good" if one.active else "", "active" if one.active else "inactive")
        for one in all_modules()
    ]
    return Panel("Modules", "extension", _url_of("modules", "modulestate"), None, lines)


def _integrations(user: Any) -> Panel | None:
    if not user.has_perm("integrations.view_integrationstate"):
        return None
    installed = all_installed()
    lines = [_integration(one) for one in installed if one.enabled]
    available = sum(one.available and not one.enabled for one in installed)
    lines.append(Line("Available, not enabled", note=str(available)))
    url = _url_of("integrations", "integrationstate")
    return Panel("Integrations", "hub", url, None, lines)


def _integration(one: Any) -> Line:
    if one.available:
        return Line(one.name, "good", "enabled")
    return Line(one.name, "warn", one.unavailable_reason)


def _ai(user: Any) -> Panel | None:
    if not user.has_perm("ai.view_aiprovider"):
        return None
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


def _url_of(app_label: str, model_name: str) -> str:
    return _list_url(apps.get_model(app_label, model_name))

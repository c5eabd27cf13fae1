"""The sections in which people find what there is: in the sidebar, and where rights are chosen."""

from collections.abc import Mapping
from enum import StrEnum

from django.apps import apps


class Section(StrEnum):
    """In the order in which they are shown. A module is `CONTENT`, an unknown app `OTHERS`."""

    TEAM = "Team"
    CONTENT = "Content"
    AUTOMATION = "Automation"
    SETTINGS = "Settings"
    OTHER_OPTIONS = "Other Options"
    PEOPLE = "People & access"
    AUDIT = "Audit"
    OTHERS = "More"


_APPS: Mapping[Section, tuple[str, ...]] = {
    Section.TEAM: ("team", "roles"),
    Section.AUTOMATION: ("automation",),
    Section.SETTINGS: ("modules", "integrations", "webhooks", "deliveries", "ai", "crm"),
    Section.OTHER_OPTIONS: ("keys", "site", "tasks"),
    Section.PEOPLE: ("auth", "people", "invitations"),
    Section.AUDIT: ("audit",),
}
_SECTION_OF = {app: section for section, labels in _APPS.items() for app in labels}


def section_of(app_label: str) -> Section:
    """The section of an app."""
    if app_label in _SECTION_OF:
        return _SECTION_OF[app_label]
    is_module = hasattr(apps.get_app_config(app_label), "module_slug")
    return Section.CONTENT if is_module else Section.OTHERS


def place_of(app_label: str) -> tuple[int, int]:
    """Where an app comes among all, by section and within it, to sort by."""
    section = section_of(app_label)
    labels = _APPS.get(section, ())
    place = labels.index(app_label) if app_label in labels else 0
    return [*Section].index(section), place

"""The AI-powered areas of the site, contributed by modules in their `ai.py`."""

from dataclasses import dataclass

from django.apps import apps


@dataclass(frozen=True)
class Area:
    """One use of AI that an admin can point at a provider and limit."""

    slug: str
    name: str
    description: str
    module: str = ""


_areas: dict[str, Area] = {}


def register_area(slug: str, name: str, description: str, *, module: str) -> Area:
    """Enter an area; `module` is the dotted name of the module that uses it (`__name__`)."""
    config = apps.get_containing_app_config(module)
    area = Area(slug, name, description, getattr(config, "module_slug", ""))
    _areas[slug] = area
    return area


def all_areas() -> dict[str, Area]:
    """Every area by slug, active module or not."""
    return dict(sorted(_areas.items()))

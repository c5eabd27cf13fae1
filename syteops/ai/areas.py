"""The AI-powered areas of the site, contributed by modules in their `ai.py`."""

from dataclasses import dataclass

from syteops.core.modules import contribution, module_of


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
    area = Area(slug, name, description, module_of(module))
    _areas[slug] = area
    return area


def all_areas() -> dict[str, Area]:
    """Every area by slug, active module or not."""
    return dict(sorted(_areas.items()))


@contribution("ai_areas")
def areas_of(module: str) -> list[str]:
    """The slugs of the areas that the module brings."""
    return [one.slug for one in all_areas().values() if one.module == module]

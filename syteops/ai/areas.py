"""The AI-powered areas of the site, contributed by modules in their `ai.py`."""

from dataclasses import dataclass

from syteops.ai.suggesting import Suggesting
from syteops.core.entities import Entity
from syteops.core.errors import NotFound
from syteops.core.modules import contribution, module_of


@dataclass(frozen=True)
class Area:
    """One use of AI that an admin can point at a provider and limit.

    With `suggests` it makes suggestions: the API and the admin offer it then.
    """

    slug: str
    name: str
    description: str
    module: str = ""
    suggests: Suggesting | None = None

    @property
    def name_in_resource(self) -> str:
        """What it is called beside its object, such as "summary" of `notes.summary`."""
        return self.slug.rpartition(".")[2]

    def get_suggests(self) -> Suggesting:
        """How its suggestions are made. Raises NotFound for an area that makes none."""
        if self.suggests is None:
            raise NotFound(f"{self.name} makes no suggestions.")
        return self.suggests


_areas: dict[str, Area] = {}


def register_area(
    slug: str, name: str, description: str, *, module: str, suggests: Suggesting | None = None
) -> Area:
    """Enter an area; `module` is the dotted name of the module that uses it (`__name__`)."""
    area = Area(slug, name, description, module_of(module), suggests)
    _areas[slug] = area
    return area


def all_areas() -> dict[str, Area]:
    """Every area by slug, active module or not."""
    return dict(sorted(_areas.items()))


def areas_about(model: type[Entity]) -> list[Area]:
    """Those that make suggestions about objects of that kind, by slug."""
    found = all_areas().values()
    return [one for one in found if one.suggests and one.suggests.model is model]


@contribution("ai_areas")
def areas_of(module: str) -> list[str]:
    """The slugs of the areas that the module brings."""
    return [one.slug for one in all_areas().values() if one.module == module]

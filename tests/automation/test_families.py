"""A family that is asked about one object answers what the whole catalogue holds of it, and no more
is derived for it than that.
"""

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from syteops.automation.queries import active_families, names_from
from syteops.core.actors import SYSTEM
from syteops.core.entities import Entity
from syteops.core.modules import module_of
from syteops.core.variables import Family, Variable, owner
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team.models import TeamMember

pytestmark = [pytest.mark.combination, pytest.mark.django_db]


@pytest.fixture
def demo() -> None:
    call_command("seed_demo")


@pytest.fixture
def members(db: None) -> list[TeamMember]:
    """Fifty, of whom nobody holds a role."""
    found = [TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, 51)]
    return TeamMember.objects.bulk_create(found)


def objects() -> list[Entity]:
    models = [one for one in apps.get_models() if issubclass(one, Entity)]
    return [obj for model in models for obj in model._base_manager.all()[:20]]


def told_by_the_catalogue(obj: Entity) -> list[str]:
    """Slowly: whatever it holds of the object, or else of its module as a whole."""
    module = module_of(type(obj).__module__)
    families = [one for one in active_families() if not module or one.module == module]
    found = (one for family in families for one in family.derive() if one.value.strip())
    return sorted({v.name for v in found if owner(obj) in v.of or (module and not v.of)})


@pytest.mark.usefixtures("demo")
def test_every_object_is_told_by_the_variables_that_the_catalogue_has_of_it() -> None:
    walked = {obj.resource: told_by_the_catalogue(obj) for obj in objects()}
    assert {"users", "roles", "crm", "notes_items", "estimates_items"} <= walked.keys()
    for obj in objects():
        assert names_from(obj) == told_by_the_catalogue(obj), (obj.resource, str(obj))


@pytest.mark.usefixtures("demo")
def test_only_a_family_that_can_be_asked_about_an_object_tells_of_one() -> None:
    for one in active_families():
        assert one.takes_objects or not any(variable.of for variable in one.derive()), one.pattern


def derived_for(obj: Entity, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many variables were made to find the names."""
    made: list[str] = []
    build: Any = Variable.__init__

    def counted(variable: Variable, name: str, *args: Any, **kwargs: Any) -> None:
        made.append(name)
        build(variable, name, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Variable, "__init__", counted)
        names_from(obj)
    return len(made)


def test_no_more_is_derived_for_a_page_than_what_tells_of_its_object(
    members: list[TeamMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("site_owner", "technical_contact"):
        roles.assign(SYSTEM, Role.objects.get(slug=slug), members[0])
    custom = roles.create_role(SYSTEM, name="Author", constraint_type="unlimited")
    roles.assign(SYSTEM, custom, members[1])

    for obj in (*members[:3], custom):
        assert 0 < derived_for(obj, monkeypatch) == len(names_from(obj)), str(obj)


def test_a_family_of_everything_is_not_asked_about_an_object_of_another_module() -> None:
    def aggregated() -> list[Variable]:
        raise AssertionError("It adds up a whole module.")

    one = Family("extra", "syteops_extra_*", "", aggregated, module="extra")
    assert one.about(Role.objects.get(slug="site_owner")) == []

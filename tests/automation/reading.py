"""Tools that read variables, and who is told of it."""

from django.contrib.auth.models import Permission, User

from manage_api.keys.models import ManageKey
from syteops.automation import reads
from syteops.automation.lineage import Lineage
from tests.fixtures import Api

NAME = "syteops_api_greeting"
OF_CRM = "syteops_std_crm_001_name"


def key_of(text: str) -> ManageKey:
    return ManageKey.objects.get(public_id=text[4:16])


def read(text: str, *names: str) -> None:
    for path in names or ("export",):
        assert Api(text).get(f"/variables/{path}").status_code == 200
    reads.flush()


def who(*names: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Name without the hint, ways and state of each reader, by name."""
    found = Lineage(names).readers(*names)
    return sorted((one.name.partition(" (")[0], one.ways, one.state) for one in found)


def staff(*codenames: str) -> User:
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user

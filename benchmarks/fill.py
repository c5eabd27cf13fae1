"""`python -m benchmarks.fill`: fills a site of SyteOps that was set up."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded

from benchmarks import data  # noqa: E402 - beside the others
from syteops.crm.models import CrmIdentifier, CrmSystem  # noqa: E402 - the same
from syteops.roles.models import Role, RoleAssignment  # noqa: E402 - the same
from syteops.team.models import TeamMember  # noqa: E402 - the same


def main() -> None:
    user = User.objects.create(username="maria")
    roles = {slug: Role.objects.create(slug=slug, name=slug.title()) for slug in data.ROLES}
    systems = [CrmSystem.objects.create(number=n, name=s) for n, s in enumerate(data.SYSTEMS, 1)]
    found = [
        TeamMember(number=number, user=user if number == 1 else None, **values)
        for number, values in enumerate(data.members(), 1)
    ]
    made = list(enumerate(TeamMember.objects.bulk_create(found), 1))
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(member=m, role=roles[slug]) for n, m in made for slug in data.roles_of(n)]
    )
    CrmIdentifier.objects.bulk_create(
        [
            CrmIdentifier(member=m, system=systems[number - 1], identifier=text)
            for n, m in made
            for number, text in data.identifiers_of(n).items()
        ]
    )


if __name__ == "__main__":
    main()

"""`python -m benchmarks.stock.fill`: makes and fills the database, and prints a key for each way.

First the one of djangorestframework-api-key, then the bare views'.
"""

import hashlib
import os
import secrets

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.stock.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded
from django.core.management import call_command  # noqa: E402 - the same
from rest_framework_api_key.models import APIKey  # noqa: E402 - the same

from benchmarks import data  # noqa: E402 - beside the others
from benchmarks.stock.models import BareKey, CrmIdentifier, CrmSystem, Member, Role  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # what points to those tables
    user = User.objects.create(username="maria")
    roles = [Role.objects.create(slug=slug, name=slug.title()) for slug in data.ROLES]
    systems = [
        CrmSystem.objects.create(crm_num=f"{number:03d}", name=name)
        for number, name in enumerate(data.SYSTEMS, 1)
    ]
    found = [
        Member(user_num=f"{number:03d}", user=user if number == 1 else None, **values)
        for number, values in enumerate(data.members(), 1)
    ]
    made = list(enumerate(Member.objects.bulk_create(found), 1))
    by_slug = {one.slug: one for one in roles}
    holds = Member.roles.through
    holds.objects.bulk_create(
        [holds(member=m, role=by_slug[slug]) for n, m in made for slug in data.roles_of(n)]
    )
    CrmIdentifier.objects.bulk_create(
        [
            CrmIdentifier(member=m, system=systems[number - 1], identifier=text)
            for n, m in made
            for number, text in data.identifiers_of(n).items()
        ]
    )
    print(APIKey.objects.create_key(name="bench")[1])
    bare = secrets.token_urlsafe(40)
    BareKey.objects.create(digest=hashlib.sha256(bare.encode()).hexdigest())
    print(bare)


if __name__ == "__main__":
    main()

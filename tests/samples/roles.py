from typing import Any

from syteops.core.actors import SYSTEM
from syteops.roles import services
from syteops.roles.models import Role
from tests.samples import Sample, sample
from tests.samples.team import a_member

NOWHERE = {"slug": "no_such_role"}


def a_role(**values: Any) -> Role:
    return services.create_role(SYSTEM, **{"name": "Editor", **values})


@sample("roles.list")
def _list() -> Sample:
    return Sample()


@sample("roles.get")
def _get() -> Sample:
    return Sample({"slug": "site_owner"}, missing=NOWHERE)


@sample("roles.create")
def _create() -> Sample:
    bad = {"name": "W", "color": "red"}
    return Sample(params={"name": "Writer", "max_count": 3}, bad=bad, again="conflict")


@sample("roles.update")
def _update() -> Sample:
    return Sample({"slug": a_role().slug}, {"icon": "edit"}, {"max_count": 0}, NOWHERE)


@sample("roles.delete")
def _delete() -> Sample:
    return Sample({"slug": a_role().slug}, missing=NOWHERE)


@sample("roles.assign")
def _assign() -> Sample:
    path, params = {"slug": a_role().slug}, {"user_num": a_member().slot}
    return Sample(path, params, {"user_num": "098"}, NOWHERE)


@sample("roles.unassign")
def _unassign() -> Sample:
    role, member = a_role(), a_member()
    services.assign(SYSTEM, role, member)
    return Sample({"slug": role.slug}, {"user_num": member.slot}, {"user_num": 1}, NOWHERE)

from typing import Any

from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
from tests.samples import Sample, sample

NOWHERE = {"user_num": "099"}


def a_member(**values: Any) -> TeamMember:
    given = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}
    return services.create_team_member(SYSTEM, **{**given, **values})


def a_deleted_member(**values: Any) -> TeamMember:
    member = a_member(**values)
    services.delete_team_member(SYSTEM, member)
    return member


@sample("users.list")
def _list() -> Sample:
    a_member()
    return Sample(params={"search": "ada"}, bad={"ordering": "shoe_size"})


@sample("users.get")
def _get() -> Sample:
    return Sample({"user_num": a_member().slot}, missing=NOWHERE)


@sample("users.create")
def _create() -> Sample:
    return Sample(params={"first_name": "Grace", "country": "US"}, bad={"country": "Utopia"})


@sample("users.update")
def _update() -> Sample:
    member = a_member()
    return Sample({"user_num": member.slot}, {"job_title": "CTO"}, {"email": "nobody"}, NOWHERE)


@sample("users.delete")
def _delete() -> Sample:
    return Sample({"user_num": a_member().slot}, missing=NOWHERE)


@sample("users.restore")
def _restore() -> Sample:
    return Sample(params={"id": a_deleted_member().pk}, bad={"id": "1"}, again="conflict")


@sample("users.erase")
def _erase() -> Sample:
    return Sample(params={"id": a_member().pk}, bad={"id": "1"}, again="not_found")

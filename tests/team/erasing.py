"""Somebody to be erased."""

from typing import Any

from django.contrib.auth.models import User
from django_tasks_db.models import DBTaskResult

from syteops.ai.models import AiSuggestion
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.roles import services as roles
from syteops.tasks.jobs import begin, end
from syteops.team import services
from syteops.team.models import TeamMember
from tests.background import run_tasks
from tests.fixtures import Api
from tests.pictures import picture_bytes, upload
from tests.samples.crm import a_system
from tests.samples.roles import a_role
from tests.tasks.samples import repeat, touch

CANARIES = (
    "Zyxwvut", "Qponmlk", "Formerly", "canary@zyx.example", "private@zyx.example",
    "+43 660 7654321", "Bio of a canary", "note about a canary", "crm-canary-1", "crm-canary-2",
)  # fmt: skip


def a_suggestion_that_names(name: str) -> None:
    asked = {"actor_kind": "system", "actor_id": "system", "actor_label": "SyteOps"}
    item = {"text": f"Call {name}."}
    AiSuggestion.objects.create(area="notes.action_items", object_id="1", items=[item], **asked)


def _begin_jobs(member: TeamMember) -> None:
    """Two for which somebody waits: one that was refused, with a name, and one under way."""
    for file in ("Zyxwvut.csv", "Qponmlk.csv"):
        job = begin(SYSTEM, touch, member, needs=[], title=f"Looking through {file}", name="")
    end(job, problem={"code": "conflict", "detail": "Formerly Qponmlk has a role."})


def a_canary(api: Api, user: User | None = None) -> TeamMember:
    """Somebody who is known wherever somebody can be known."""
    made = {"first_name": "Formerly", "last_name": "Qponmlk", "email": "canary@zyx.example"}
    retry = {"Idempotency_Key": "made"}
    pk = api.post("/team-members", made, **retry).json()["id"]
    member: TeamMember = TeamMember.objects.get(pk=pk)
    first, second = a_system(), a_system()
    services.update_team_member(
        SYSTEM,
        member,
        first_name="Zyxwvut",
        email_personal="private@zyx.example",
        phone_mobile="+43 660 7654321",
        biography="Bio of a canary",
        notes="note about a canary",
        crm_ids={first.slot: "crm-canary-1", second.slot: "crm-canary-2"},
        user=user,
        profile_picture=upload(picture_bytes()),
    )
    crm.delete_crm_system(SYSTEM, second)
    roles.assign(SYSTEM, a_role(), member)
    note: dict[str, Any] = {"title": "Meeting", "author": member.slot, "attendees": [member.slot]}
    note |= {"action_items": [{"text": "Call", "assignee": member.slot, "done": True}]}
    api.post("/notes", note, Idempotency_Key="noted")
    a_suggestion_that_names("zyxwvut")
    items = [{"action": "update", "params": {"user_num": member.slot, "city": "Graz"}}]
    repeat.enqueue("")
    run_tasks(may_fail=True)
    failure = "ValueError: refused\nDETAIL:  Key (email)=(canary@zyx.example) already exists."
    DBTaskResult.objects.failed().update(traceback=failure)
    _begin_jobs(member)
    api.post("/team-members/bulk", {"items": items}, Idempotency_Key="in-bulk")
    member.refresh_from_db()
    return member

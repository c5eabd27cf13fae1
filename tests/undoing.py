"""Changes undone, redone and undone again, and what must hold each time."""

from collections.abc import Callable
from typing import Any

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.history import reverting
from tests.fixtures import Api

Show = Callable[[], Any]


def latest(event: str) -> AuditEntry:
    """The newest change of that kind."""
    return AuditEntry.objects.filter(event=event, outcome="changed")[0]


def revert(api: Api, entry: AuditEntry, query: str = "?confirm=true") -> Any:
    """Undo a change over REST."""
    return api.post(f"/audit/{entry.pk}/revert{query}")


def over_rest(api: Api) -> Callable[[AuditEntry], None]:
    """Undoes a change over REST; it must work, and dry first."""

    def undo(entry: AuditEntry) -> None:
        trail = AuditEntry.objects.count()
        dry = revert(api, entry, "?dry_run=true")
        assert (dry.status_code, dry.json()["changed"]) == (200, True), dry.json()
        assert AuditEntry.objects.count() == trail
        undone = revert(api, entry)
        assert undone.status_code == 200, undone.json()
        assert undone.headers["SyteOps-Changed"] == "true"
        assert undone.json()["id"] == entry.pk

    return undo


def by_service(entry: AuditEntry) -> None:
    """Undoes a change of something that the API does not change."""
    actor = SYSTEM.for_operation("audit.revert")
    reverting.revert(actor, entry)
    assert actor.trail


def back_and_forth(
    event: str, change: Callable[[], Any], show: Show, undo: Callable[[AuditEntry], None]
) -> None:
    """Do `change`, which is an `event`; undo it, redo it and undo it again, by reverting."""
    before = show()
    change()
    after = show()
    assert before != after
    entry = latest(event)
    for wanted in (before, after, before):
        last = AuditEntry.objects.latest("id").pk
        undo(entry)
        assert show() == wanted, (show(), wanted)
        made = AuditEntry.objects.filter(pk__gt=last, object_pk=entry.object_pk)
        noun = entry.event.partition(".")[0]
        entry = made.filter(event__startswith=f"{noun}.")[0]


def refused(api: Api, entry: AuditEntry, show: Show) -> dict[str, Any]:
    """The problem that an undo is refused with (409), for which nothing is stored."""
    before, trail = show(), AuditEntry.objects.filter(outcome="changed").count()
    answer = revert(api, entry)
    assert answer.status_code == 409, answer.json()
    assert show() == before
    assert AuditEntry.objects.filter(outcome="changed").count() == trail
    problem: dict[str, Any] = answer.json()
    return problem

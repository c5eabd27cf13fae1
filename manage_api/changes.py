"""`?updated_since=`: what was changed and what went, for tools that keep a copy.

The audit trail tells, for every list alike: each change of an object is an entry of it, written in
the transaction of the change. Where the trail was cut off, nobody can tell what went.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from manage_api.cursors import PARAMETER as CURSOR
from manage_api.fields import MomentField
from syteops.audit.models import AuditEntry
from syteops.audit.queries import changes_since, trail_begins
from syteops.core.entities import Entity
from syteops.core.errors import Invalid
from syteops.core.events import Verb

PARAMETER = "updated_since"
MOST_CHANGES = 5000
"""So many entries of the trail are looked through at most: fetching everything is faster then."""
MOST_GONE = 1000
"""So many deletions are told at most. A tool that missed more fetches everything just as fast."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_HELP = (
    "Only what was changed from then on, with its offset; then the answer tells what was `deleted`."
)


class UpdatedSinceBackend(BaseFilterBackend):
    """Leaves what was changed since a moment, by whatever the view's `changed_since` says."""

    def get_fields(self, view: Any) -> dict[str, Any]:
        return {PARAMETER: MomentField(required=False, help_text=_HELP)}

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        since = view.validated.get(PARAMETER)
        if since is None:
            return queryset
        view.asked_at = timezone.now()
        if view.validated.get("page", 1) != 1:
            # What is deleted or changed meanwhile would move others past the reader.
            raise Invalid.field("page", "With updated_since, go on with after.")
        _require_whole_trail(since)
        _require_few_changes(since)
        # Neither end of time is a moment that can be reckoned with.
        return view.changed_since(queryset, min(max(since, _FIRST), view.asked_at))


def _refuse_as_too_old(why: str) -> NoReturn:
    detail = f"Fetch everything again, without updated_since: {why}"
    raise Invalid.field(PARAMETER, detail, "too_old")


def _require_whole_trail(since: datetime) -> None:
    """Raises Invalid (`too_old`) where some of what happened since is not kept any more."""
    begins = trail_begins()
    if begins is not None and since < begins:
        _refuse_as_too_old(
            f"what happened before {begins.isoformat()} is not kept, or was taken back."
        )


def _require_few_changes(since: datetime) -> None:
    """Raises Invalid (`too_old`) for more entries than are worth looking through."""
    made = AuditEntry.objects.filter(at__gte=since).order_by()
    if made[: MOST_CHANGES + 1].count() > MOST_CHANGES:
        _refuse_as_too_old(f"more than {MOST_CHANGES} changes were made since.")


def sync_fields(view: Any, item: Any) -> dict[str, Any]:
    """What a list answers beside its entries when it is asked what was changed.

    `deleted` only where something can be deleted: a module is switched off, and stays.
    """
    told: dict[str, Any] = {
        "next_since": MomentField(
            required=False, help_text="What to send as updated_since the next time."
        )
    }
    if _can_go(view):
        told["deleted"] = _gone_serializer(view.lookup_name(), "id" in item().fields)(
            many=True, required=False, help_text="What went since, on the first page only."
        )
    return told


def _can_go(view: Any) -> bool:
    return hasattr(view, "destroy")


@cache
def _gone_serializer(lookup: str, has_id: bool) -> type[serializers.Serializer[Any]]:
    """The serializer of something that went: how it was named, and its permanent id if it had."""
    fields: dict[str, Any] = {"deleted_at": MomentField()}
    if lookup != "id":
        fields[lookup] = serializers.CharField(help_text="Something else may be named so by now.")
    if has_id:
        fields["id"] = serializers.IntegerField(help_text="Never given again.")
    names = [name for name in (lookup, "id") if name in fields]
    label = "And".join(name.title().replace("_", "") for name in dict.fromkeys(names))
    return type(f"Gone{label}Serializer", (serializers.Serializer,), fields)


def sync_answer(view: Any, item: Any) -> dict[str, Any]:
    """The values of `sync_fields`; none unless the call asks what was changed.

    `next_since` is earlier than now by as long as a request may take: what another one has done
    and not committed yet is not missed, but told the next time.
    """
    since = view.validated.get(PARAMETER)
    if since is None:
        return {}
    overlap = timedelta(seconds=settings.WORKER_TIMEOUT)
    told: dict[str, Any] = {"next_since": MomentField().to_representation(view.asked_at - overlap)}
    if _can_go(view):
        is_first = view.validated.get("page", 1) == 1 and CURSOR not in view.validated
        gone = _gone(view.model(), since) if is_first else {}
        told["deleted"] = [_describe(view, item, *key, at) for key, at in gone.items()]
    return told


def _gone(model: type[Entity], since: datetime) -> Mapping[tuple[str, str], datetime]:
    """By primary key and public id: when that name ceased to be that object's.

    Raises Invalid (`too_old`) for more than MOST_GONE.
    """
    deleted = changes_since(model, since).filter(event=f"{model.noun}.{Verb.DELETED}")
    rows = deleted.order_by("pk").values_list("object_pk", "object_id", "at")[: MOST_GONE + 1]
    gone = {(pk, public_id): at for pk, public_id, at in rows}
    if len(rows) > MOST_GONE:
        _refuse_as_too_old(f"more than {MOST_GONE} were deleted since.")
    there = model._default_manager.filter(pk__in={pk for pk, _ in gone})
    for one in there:  # restored since
        gone.pop((str(one.pk), one.public_id), None)
    return gone


def _describe(view: Any, item: Any, pk: str, public_id: str, at: datetime) -> dict[str, Any]:
    shown = {"deleted_at": MomentField().to_representation(at)}
    if view.lookup_name() != "id":
        shown[view.lookup_name()] = public_id
    return {**shown, "id": int(pk)} if "id" in item().fields else shown

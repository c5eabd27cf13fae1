"""Many changes of one collection in one request: all of them, or none.

`POST /{prefix}/bulk` exists for every entity. Each item runs the operation of its action, with
that operation's scope and rules.
"""

from collections.abc import Mapping
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from rest_framework import serializers

from manage_api import execution
from manage_api.calls import Call
from manage_api.disclosure import disclosed_error
from manage_api.errors import MAX_ERRORS, ApiError, as_api_error
from manage_api.fields import JsonObjectField, StrictChoiceField, StrictListField
from manage_api.operations import find
from manage_api.pagination import MOST_BYTES
from manage_api.permissions import authorise
from manage_api.rendering import dump
from manage_api.serializers import StrictSerializer
from manage_api.throttling import spend_items
from syteops.core.locks import transaction_lock

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet

MAX_ITEMS = 500
MOST_ANSWERED = MOST_BYTES
"""Bytes of what its items answer: an update of 40 bytes answers an object of 100,000."""
MOST_CHANGED = 4 * MOST_BYTES
"""Bytes of what its items change: to delete an object of 100,000 takes as few."""
MOST_WRONG = 10 * MAX_ERRORS
ACTIONS = ("create", "set", "update", "delete")


class BulkItemInput(StrictSerializer):
    """One change of many."""

    action = StrictChoiceField(choices=ACTIONS, help_text="What to do.")
    params = JsonObjectField(help_text="What that action takes, the identifier included.")


class BulkInput(StrictSerializer):
    """What a bulk operation takes."""

    items = StrictListField(
        child=BulkItemInput(), min_length=1, max_length=MAX_ITEMS, help_text="Done in this order."
    )


class BulkItemResultSerializer(serializers.Serializer[Any]):
    """What came of one change."""

    index = serializers.IntegerField()
    action = serializers.ChoiceField(choices=ACTIONS)
    data = serializers.DictField()  # type: ignore[assignment]  # a member named as DRF's


class BulkResultSerializer(serializers.Serializer[Any]):
    """What came of all of them, in order."""

    items = BulkItemResultSerializer(many=True)


def run_items(view: "ManageViewSet") -> dict[str, Any]:
    """Run each item in a savepoint of its own, so that every wrong one can be named at once.

    Raises throttled before the first one, if not all are left in the caller's budget.
    """
    items = view.validated["items"]
    _charge(view, len(items))
    # One bulk of a collection at a time: two that go through it in different order would deadlock.
    transaction_lock(f"bulk {view.resource}")
    done, failed, impacts = [], {}, {}
    bounds, prefix = _Bounds(), view.input_pointer
    for index, (item, inner) in enumerate(zip(items, view.inner or (), strict=False)):
        bounds.begin(index)
        before = len(view.actor.trail)
        try:
            if isinstance(inner, Exception):
                raise inner
            with transaction.atomic():
                data = execution.perform(inner)
        except Exception as error:
            failed[index] = as_api_error(
                disclosed_error(view.principal, error, view.resource),
                f"{prefix}/items/{index}/params",
            )
            if failed[index].status >= 500:
                raise
            bounds.answered += len(dump(failed[index].extra))
            _settle(inner, before)
        else:
            impacts[index] = inner.impact
            done.append({"index": index, "action": item["action"], "data": data})
            bounds.add(len(dump([data, inner.impact])), _settle(inner, before), inner)
        bounds.check(index)
    if failed:
        raise _failure(failed, prefix)
    view.impact = _impact(impacts)
    return {"items": done}


class _Bounds:
    """What the items have taken until now. Raises payload_too_large for more than may be."""

    def __init__(self) -> None:
        self.answered = self.changed = 0
        # On SQLite all who write wait meanwhile, and none of them for longer than that setting.
        self.until = monotonic() + settings.DATABASE_TIMEOUT / 2

    def begin(self, index: int) -> None:
        if monotonic() > self.until:
            raise _too_much(index, "this takes longer than others who write can wait.")

    def add(self, answered: int, changed: int, inner: "ManageViewSet") -> None:
        self.answered += answered + (changed if inner.call.dry_run else 0)
        self.changed += changed

    def check(self, index: int) -> None:
        if self.answered > MOST_ANSWERED:
            # It would be held, stored for retries, and sent as a whole.
            raise _too_much(index, f"the answer would have more than {MOST_ANSWERED:,} bytes.")
        if self.changed > MOST_CHANGED:
            # The database holds what was there until all are done.
            raise _too_much(index, f"it would change more than {MOST_CHANGED:,} bytes.")


def _settle(inner: "ManageViewSet | Exception", before: int) -> int:
    """Let go of what nobody asks for once an item is done; how many bytes its changes have, before
    which the trail had so many.

    Hundreds of objects may have held hundreds of thousands of characters each.
    """
    if isinstance(inner, Exception):
        return 0
    inner.locked_object, trail = None, inner.actor.trail
    size = sum(len(dump(asdict(one))) for one in trail[before:])
    if not inner.call.dry_run:
        del trail[1:]  # one tells that something was changed
    return size


def _charge(view: "ManageViewSet", count: int) -> None:
    """Take so many writes from the caller's budget, once however often the call is tried."""
    if not view.has_paid:
        view.budget, view.has_paid = spend_items(view.principal, count), True


def _too_much(index: int, why: str) -> ApiError:
    fewer = f"Send fewer items at once, such as {max(index, 1)}."
    return ApiError("payload_too_large", f"Nothing was stored: {why} {fewer}")


def look_at_items(view: "ManageViewSet") -> list["ManageViewSet | Exception"]:
    """What does each item, its input looked at; or what to raise when its turn comes.

    Behind MOST_WRONG errors no further item is looked at: all are refused, and nobody reads more.
    """
    looked: list[ManageViewSet | Exception] = []
    wrong = 0
    for item in view.validated["items"]:
        looked.append(one := _look_at(view, item))
        error = one if isinstance(one, Exception) else one.wrong_input
        wrong += len(as_api_error(error).errors) if error else 0
        if wrong > MOST_WRONG:
            break
    return looked


def _look_at(view: "ManageViewSet", item: Mapping[str, Any]) -> "ManageViewSet | Exception":
    try:
        inner = _item_view(view, item)
    except Exception as error:  # noqa: BLE001 - it is raised later
        return error
    execution.look_at_input(inner)
    return inner


def _item_view(view: "ManageViewSet", item: Mapping[str, Any]) -> "ManageViewSet":
    """The viewset that does the item, with the rights and the trail of the whole."""
    operation = find(view.resource, item["action"])
    if operation is None:
        raise ApiError("not_found", f"{view.resource} has no {item['action']}.")
    authorise(view.principal, operation)
    params = dict(item["params"])
    path = {name: params.pop(name) for name in operation.path_params if name in params}
    call = Call(params, confirm=view.call.confirm, dry_run=view.call.dry_run)
    inner = operation.viewset.for_operation(operation, view, path, call)
    inner.actor = view.actor
    execution.resolve_path(inner)
    return inner


def _impact(of_items: Mapping[int, Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """What would go with each item, by its index; None if nothing would."""
    shown = [{"index": index, **impact} for index, impact in of_items.items() if impact]
    return {"items": shown} if shown else None


def _failure(failed: dict[int, ApiError], prefix: str) -> ApiError:
    """One error for all of them: the gravest code, each item's own, and what would go."""
    gravest = max(failed.values(), key=lambda error: _GRAVITY.get(error.code, 1))
    errors = [
        one
        for index, error in failed.items()
        for one in error.errors or [_item_error(error, f"{prefix}/items/{index}")]
    ][:MAX_ERRORS]
    items = [
        {"index": index, "code": error.code, "detail": error.detail, **error.extra}
        for index, error in failed.items()
    ]
    detail = f"Nothing was stored: {len(failed)} of the items cannot be done. {gravest.detail}"
    extra: dict[str, Any] = {"items": items}
    if gravest.code == "confirmation_required":
        extra["impact"] = _impact({n: error.extra["impact"] for n, error in failed.items()})
    return ApiError(gravest.code, detail, errors=errors, headers=gravest.headers, **extra)


# A missing right says more than a wrong value, and that more than a missing consent.
_GRAVITY = {"insufficient_scope": 3, "permission_denied": 3, "confirmation_required": 0}


def _item_error(error: ApiError, pointer: str) -> dict[str, str]:
    return {"pointer": pointer, "code": error.code, "detail": error.detail}

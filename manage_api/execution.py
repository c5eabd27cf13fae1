"""The way of one call, the same through every door, for every operation.

Rights and limits have let it in (`views`). Then: validated → (for a write, in one transaction:
idempotency, precondition, confirmation, the viewset's method, stored answer) → result. A dry run is
the same way, rolled back at the end.
"""

import re
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.urls import get_script_prefix

from manage_api import concurrency, idempotency, pagination
from manage_api.calls import Call, Document, Result
from manage_api.disclosure import disclose, disclosed_impact
from manage_api.errors import ApiError, as_api_error
from manage_api.kept import kept
from manage_api.operations import Operation, find, reader_of
from manage_api.permissions import authorise
from manage_api.rendering import canonical, dump
from manage_api.serializers import NoInput
from manage_api.shared import validate
from syteops.core.consequences import Watch, data_of, foresee
from syteops.core.errors import Invalid
from syteops.core.locks import Overtaken, repeated

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet


def run(view: "ManageViewSet") -> Result:
    """Carry out the call that the viewset `view` is prepared for."""
    resolve_path(view)
    if not view.operation.writes:
        result = _read(view)
        view.was_read()
        return result
    try:
        result = repeated(partial(_attempt, view))
    except Overtaken as lost:
        raise ApiError(lost.code, lost.detail, headers={"Retry-After": "1"}) from lost
    if result.replayed:
        disclose(view, result)  # an earlier answer may show what was theirs then
    return result


def _attempt(view: "ManageViewSet") -> Result:
    view.forget_attempt()
    look_at_input(view)  # before the transaction: until that begins, others may write
    watch = Watch(view.actor) if view.call.dry_run else None
    try:
        result = idempotency.once(view, lambda: _write(view, watch))
    except ApiError as refusal:
        if refusal.code == "confirmation_required":
            # Now, when nothing that was done before it was refused is there any more.
            refusal.extra["impact"] |= _foreseen(view)
        raise
    if watch is not None:  # now, when what was tried is taken back
        result.consequences = data_of(watch.tell())
    return result


def _read(view: "ManageViewSet") -> Result:
    def answer() -> Result:
        result = _represent(Result(perform(view)))
        if len(result.body) > pagination.MOST_BYTES:
            result = _represent(Result(pagination.shortened(view, result.data)))
        return result

    if not view.is_kept:
        return answer()
    # Absolute addresses in an answer begin as the caller wrote this site's.
    request = view.request._request
    origin = request.scheme, request.META.get("HTTP_HOST"), get_script_prefix()
    # The digest: a search may be a megabyte of blanks, and is kept as long as the answer.
    given = sha256(canonical([view.kwargs, view.call.input])).digest()
    return kept(view.principal, (view.operation.name, view.call.is_text, given, origin), answer)


def perform(view: "ManageViewSet", *, asks: bool = True) -> Any:
    """Validate, ask for confirmation, run the action: its data. A write needs a transaction.

    What `asks` for none tells no impact either.
    """
    operation = view.operation
    if not view.has_looked:
        look_at_input(view)
    if view.wrong_input is not None:
        wrong, view.wrong_input = view.wrong_input, None  # not kept, in a cycle with its traceback
        raise wrong
    effects = view.effects()
    for effect in effects:  # rights before reasons: before anything is said of the object
        authorise(view.principal, effect)
    is_destructive = operation.destructive or any(one.destructive for one in effects)
    view.impact = _impact(view) if is_destructive and asks else None
    return getattr(view, operation.endpoint)(view.request, **view.kwargs).data


def look_at_input(view: "ManageViewSet") -> None:
    """Validate the input, which asks no database. What is wrong with it is for `perform` to raise,
    when nothing that comes before it is wrong.
    """
    operation, given = view.operation, dict(view.call.input)
    context = {"text": view.call.is_text, "view": view}
    view.has_looked = True
    try:
        view.validated = validate(
            operation.input or NoInput, given, context, partial=operation.partial
        )
        view.look_further()
    except Exception as error:  # noqa: BLE001 - it is raised later
        view.wrong_input = error


def resolve_path(view: "ManageViewSet") -> None:
    """Validate the path parameters; from then on each is a text.

    Raises Invalid, or not_found for one that can name nothing.
    """
    given = view.kwargs
    view.kwargs = {
        name: _path_value(name, view.path_param(name), given.get(name))
        for name in view.operation.path_params
    }


def _path_value(name: str, param: Any, value: Any) -> str:
    if value is None:
        raise Invalid.field(name, "This field is required.", "required")
    if param.is_row_id and _is_whole(value):
        value = str(int(value))
    if not isinstance(value, str):
        raise Invalid.field(name, f"Send it as text. {param.description}".strip())
    if not _form(param.pattern).fullmatch(value):
        raise ApiError("not_found", f"Nothing is named so: {name} has the form {param.pattern}")
    return value


_form = cache(re.compile)


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number; JSON has one kind of number, so 5.0 is 5."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _write(view: "ManageViewSet", watch: Watch | None) -> Result:
    """Inside the transaction that `idempotency` has begun; a dry run is watched."""
    _check_precondition(view)
    data = perform(view)
    result = _represent(Result(data, impact=view.impact, dry_run=watch is not None))
    result.changed = bool(view.actor.trail)
    if watch is not None:
        watch.look()
        result.changes = [*map(vars, view.actor.trail)]
    # The ETag is of the representation that the guarding read shows, or of none.
    reader = reader_of(view.operation) or find(view.operation.resource, "get")
    if reader is None or reader.output is not view.operation.output:
        result.etag = ""
    disclose(view, result)
    return result


def impact_of(view: "ManageViewSet") -> dict[str, Any]:
    """What the destructive operation of `view` would take away."""
    found: dict[str, Any] = getattr(view, f"{view.operation.endpoint}_impact")()
    return found


def _impact(view: "ManageViewSet") -> dict[str, Any]:
    """The impact of a destructive call. Raises confirmation_required without consent."""
    impact = impact_of(view)
    # Before anything is touched: without consent the object is only looked at.
    if not (view.call.confirm or view.call.dry_run):
        raise ApiError("confirmation_required", impact=disclosed_impact(view, impact))
    return impact


def _foreseen(view: "ManageViewSet") -> dict[str, Any]:
    """What a call that lacks consent would bring about beyond its object."""
    view.forget_attempt()
    asked = view.call
    view.call = replace(asked, confirm=True)
    try:
        # The impact is told already, and may itself be a trial of all this.
        return data_of(foresee(view.actor, lambda: perform(view, asks=False)))
    except ApiError:  # what would be refused brings about nothing
        return {}
    finally:
        view.call = asked  # should all of it be tried again, it still lacks consent


def _check_precondition(view: "ManageViewSet") -> None:
    if not concurrency.has_precondition(view.request):
        return
    reader = reader_of(view.operation)
    current = _current_etag(reader, view) if reader else None
    concurrency.check_precondition(view.request, current, guarded=reader is not None)


def _current_etag(reader: Operation, view: "ManageViewSet") -> str | None:
    """The ETag that the guarding read would show now. Its objects stay locked for the write."""
    path = {name: view.kwargs[name] for name in reader.path_params}
    guard = reader.viewset.for_operation(reader, view, path, Call({}))
    guard.locks = True
    try:
        shown = getattr(guard, reader.endpoint)(guard.request, **guard.kwargs)
    except Exception as error:
        if as_api_error(error).code == "not_found":
            return None
        raise
    if guard.prefix == view.prefix:
        view.locked_object = guard.locked_object
    return concurrency.etag_of_data(shown.data)


def _represent(result: Result) -> Result:
    """The result with the bytes of its representation, and their ETag."""
    if isinstance(result.data, Document):
        result.media_type, result.data = result.data.media_type, result.data.text
        result.body = result.data.encode()
    else:
        result.body = dump(result.data)
    result.etag = concurrency.etag_of(result.body)
    return result

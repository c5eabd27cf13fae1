"""The way of one call, the same through every face, for every operation.

Authorised → validated → (for a write, in one transaction: idempotency, precondition,
confirmation, handler, stored answer) → result. A dry run is the same way, rolled back at the end.
"""

import re
from dataclasses import asdict
from typing import Any

from django.db import OperationalError, transaction

from manage_api import concurrency, idempotency
from manage_api.calls import Call, Document, Result
from manage_api.errors import ApiError, as_api_error
from manage_api.operations import Operation, find, reader_of
from manage_api.principals import Principal
from manage_api.rendering import dump
from manage_api.resources import PathParam, Resource
from manage_api.serializers import NoInput
from syteops.core.errors import Invalid
from syteops.core.locks import lost_race, waited_in_vain
from syteops.core.modules import inactive_modules

ATTEMPTS = 4
"""How often a write is tried that PostgreSQL ends to free others from a deadlock."""


def authorise(caller: Principal, operation: Operation) -> None:
    """Raise the refusal if the caller may not run the operation now."""
    if not caller.may(operation):
        raise caller.refusal(operation)
    if operation.module and operation.module in inactive_modules():
        raise ApiError("module_inactive", f"The module {operation.module} is not active.")


def allowed_operations(caller: Principal, operations: list[Operation]) -> list[Operation]:
    """Those that `authorise` would let pass now."""
    inactive = inactive_modules()
    return [one for one in operations if caller.may(one) and one.module not in inactive]


def run(call: Call) -> Result:
    """Carry out an authorised call."""
    _resolve_path(call)
    if not call.operation.writes:
        return _shown(Result(perform(call)))
    for _ in range(ATTEMPTS):
        call.actor.trail.clear()
        try:
            return idempotency.once(call, lambda: _write(call))
        except OperationalError as error:
            if waited_in_vain(error):
                break
            if not lost_race(error):
                raise
    detail = "Too many others are changing the same things. Try again."
    raise ApiError("conflict", detail, headers={"Retry-After": "1"})


def perform(call: Call) -> Any:
    """Validate, ask for confirmation, run the handler. Inside a transaction, if it writes."""
    resource = call.operation.resource_class()
    _resolve_path(call)
    call.values = _validated(call)
    call.impact = _impact(resource, call)
    return call.operation.handler(resource, call)


def _resolve_path(call: Call) -> None:
    """Validate the path parameters; from then on each is a text.

    Raises Invalid, or not_found for one that can name nothing.
    """
    resource, given = call.operation.resource_class, call.path
    call.path = {
        name: _path_value(name, resource.path_param(name), given.get(name))
        for name in call.operation.path_params
    }


def _path_value(name: str, param: PathParam, value: Any) -> str:
    if value is None:
        raise Invalid.field(name, "This field is required.", "required")
    if param.is_row_id and _is_whole(value):
        value = str(int(value))
    if not isinstance(value, str):
        raise Invalid.field(name, f"Send it as text. {param.description}".strip())
    if not re.fullmatch(param.pattern, value):
        raise ApiError("not_found", f"Nothing is named so: {name} has the form {param.pattern}")
    return value


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number; JSON has one kind of number, so 5.0 is 5."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _write(call: Call) -> Result:
    """Inside the transaction that `idempotency` has begun."""
    _check_precondition(call)
    data = perform(call)
    result = _shown(Result(data, impact=call.impact, dry_run=call.dry_run))
    result.changed = bool(call.actor.trail)
    result.changes = [asdict(change) for change in call.actor.trail]
    result.etag = result.etag if _is_record(call.operation) else ""
    if call.dry_run:
        transaction.set_rollback(True)
    return result


def _validated(call: Call) -> dict[str, Any]:
    operation = call.operation
    serializer = (operation.input or NoInput)(
        data=dict(call.raw),
        partial=operation.partial,
        context={"text": call.text, "call": call},
    )
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _impact(resource: Resource, call: Call) -> dict[str, Any] | None:
    """What a destructive call would take away. Raises confirmation_required without consent."""
    if not call.operation.destructive:
        return None
    impact: dict[str, Any] = getattr(resource, f"{call.operation.action}_impact")(call)
    if not (call.confirm or call.dry_run):
        raise ApiError("confirmation_required", impact=impact)
    return impact


def _check_precondition(call: Call) -> None:
    if not concurrency.has_precondition(call.request):
        return
    reader = reader_of(call.operation)
    current = _current_etag(reader, call) if reader else None
    concurrency.check_precondition(call.request, current, guarded=reader is not None)


def _current_etag(reader: Operation, call: Call) -> str | None:
    """The ETag that the guarding read would show now. Its objects stay locked: `call` writes."""
    resource = reader.resource_class()
    try:
        return concurrency.etag_of_data(reader.handler(resource, call))
    except Exception as error:
        if as_api_error(error).code == "not_found":
            return None
        raise


def _is_record(operation: Operation) -> bool:
    """Whether a write answers the very representation that the guarding read shows."""
    reader = reader_of(operation) or find(operation.resource, "get")
    return reader is not None and reader.output is operation.output


def _shown(result: Result) -> Result:
    if isinstance(result.data, Document):
        result.media_type, result.data = result.data.media_type, result.data.text
        result.body = result.data.encode()
    else:
        result.body = dump(result.data)
    result.etag = concurrency.etag_of(result.body)
    return result

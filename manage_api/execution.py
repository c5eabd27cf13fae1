"""The way of one call, the same through every face, for every operation.

Authorised → validated → (for a write, in one transaction: idempotency, precondition,
confirmation, handler, stored answer) → result. A dry run is the same way, rolled back at the end.
"""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from manage_api import concurrency, idempotency
from manage_api.callers import Caller
from manage_api.calls import Call, Result
from manage_api.errors import ApiError, as_api_error
from manage_api.operations import Operation, find, reader_of
from manage_api.rendering import dump
from manage_api.resources import Resource
from manage_api.serializers import NoInput


def authorise(caller: Caller, operation: Operation) -> None:
    """Raise the refusal if the caller may not run the operation now."""
    if not caller.may(operation):
        raise caller.refusal(operation)
    if operation.module and operation.module in inactive_modules():
        raise ApiError("module_inactive", f"The module {operation.module} is not active.")


def inactive_modules() -> set[str]:
    """The slugs of the modules whose operations are away."""
    return import_string(settings.MANAGE_API_INACTIVE_MODULES)()  # type: ignore[no-any-return]


def allowed_operations(caller: Caller, operations: list[Operation]) -> list[Operation]:
    """Those that `authorise` would let pass now."""
    inactive = inactive_modules()
    return [one for one in operations if caller.may(one) and one.module not in inactive]


def run(call: Call) -> Result:
    """Carry out an authorised call."""
    resource = call.operation.resource_class()
    _resolve_path(call)
    if call.operation.writes:
        return idempotency.once(call, lambda: _write(resource, call))
    call.values = _validated(call)
    return _shown(Result(call.operation.handler(resource, call)))


def _resolve_path(call: Call) -> None:
    """Validate the path parameters: an impossible identifier names nothing."""
    for name in call.operation.path_params:
        value = call.path.get(name)
        if value is None:
            raise _missing(name)
        if not isinstance(value, str):
            raise _missing(name, "invalid", "Send a string.")


def _missing(
    name: str, code: str = "required", detail: str = "This field is required."
) -> ApiError:
    error = {"pointer": f"#/params/{name}", "code": code, "detail": detail}
    return ApiError("validation_error", f"Nothing was stored. Correct: {name}.", errors=[error])


def _write(resource: Resource, call: Call) -> Result:
    with transaction.atomic():
        _check_precondition(resource, call)
        call.values = _validated(call)
        impact = _impact(resource, call)
        data = call.operation.handler(resource, call)
        result = _shown(Result(data, impact=impact, dry_run=call.dry_run))
        result.changed = bool(call.actor.trail)
        result.changes = [asdict(change) for change in call.actor.trail]
        result.etag = result.etag if _is_record(call.operation) else ""
        if call.dry_run:
            transaction.set_rollback(True)
        else:
            idempotency.keep(call, result)
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


def _check_precondition(resource: Resource, call: Call) -> None:
    if not concurrency.has_precondition(call.request):
        return
    reader = reader_of(call.operation)
    if reader is None:
        return
    concurrency.check_precondition(call.request, _current_etag(reader, call))


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
    result.body = dump(result.data)
    result.etag = concurrency.etag_of(result.body)
    return result

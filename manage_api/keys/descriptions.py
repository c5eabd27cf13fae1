"""What the command says of keys: as much as the pages show, as plain data."""

from datetime import datetime
from typing import Any

from manage_api.keys import hints, queries
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.presets import Preset
from manage_api.keys.verification import KeyHolder
from manage_api.operations import Operation, all_operations
from manage_api.permissions import allowed_operations
from syteops.audit.models import AuditEntry
from syteops.audit.words import sentence


def described(key: ManageKey) -> dict[str, Any]:
    """A key, its state and its risks. Of its text only the hint."""
    return {
        "id": key.public_id,
        "kind": key.kind,
        "name": key.name,
        "hint": key.hint,
        "state": key.state.value,
        "scopes": key.scopes,
        "networks": key.networks,
        "sponsor": key.sponsor.get_username() if key.sponsor else None,
        "created_at": time_of(key.created_at),
        "created_by": key.created_by,
        "expires_at": time_of(key.expires_at),
        "rotated_at": time_of(key.rotated_at),
        "retires_at": time_of(key.retires_at),
        "paused_at": time_of(key.paused_at),
        "revoked_at": time_of(key.revoked_at),
        "ends_at": time_of(key.ends_at),
        "successor": key.successor.public_id if key.successor else None,
        "last_used_at": time_of(key.last_used_at),
        "last_used_address": key.last_used_address,
        "rotation_due": key.kind == KeyKind.SITE and hints.is_old(key),
        "risks": hints.risks(key),
    }


def described_in_full(key: ManageKey) -> dict[str, Any]:
    """The same with its use, the operations it may run, and its last changes and refusals."""
    month = queries.calls_per_day(key, queries.DAYS_SHOWN)
    operations = allowed_operations(KeyHolder(key), all_operations())
    calls_24h, calls_30d = queries.recent_calls(key)
    return {
        **described(key),
        "calls_24h": calls_24h,
        "calls_30d": calls_30d,
        "calls_per_day": [{"day": day.isoformat(), "calls": calls} for day, calls in month],
        "operations": [_operation(one) for one in operations],
        "history": [_entry(one) for one in queries.history_of(key)[: queries.HISTORY_LENGTH]],
    }


def described_preset(preset: Preset) -> dict[str, Any]:
    """A preset with the scopes that it gives now."""
    return {
        "slug": preset.slug,
        "name": preset.name,
        "description": preset.description,
        "scopes": preset.scopes(),
    }


def time_of(moment: datetime | None) -> str | None:
    """A time in ISO 8601."""
    return moment.isoformat() if moment else None


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "summary": operation.summary,
        "method": operation.method,
        "path": operation.path,
        "scope": operation.scope,
        "destructive": operation.destructive,
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    """As `GET /audit` shows it, and in words."""
    return {
        "id": entry.pk,
        "at": time_of(entry.at),
        "outcome": entry.outcome,
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "label": entry.actor_label},
        "door": entry.door,
        "operation": entry.operation,
        "event": entry.event,
        "resource": entry.object_resource,
        "object": entry.object_id,
        "object_label": entry.object_label,
        "changes": entry.changes,
        "code": entry.code,
        "request_id": entry.request_id,
        "address": entry.address,
        "words": f"{entry.actor_label or 'Somebody'} {sentence(entry)}",
    }

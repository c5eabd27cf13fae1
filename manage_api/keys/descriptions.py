"""What there is to say about a key: once, for the pages, the JSON and the text of the command."""

from typing import Any

from manage_api.keys import queries
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.presets import Preset, describe_scopes
from manage_api.keys.risks import find_risks, is_old
from manage_api.keys.verification import KeyHolder
from manage_api.operations import all_operations
from manage_api.permissions import allowed_operations
from syteops.audit.models import AuditEntry
from syteops.audit.words import sentence


def describe(key: ManageKey) -> dict[str, Any]:
    """A key, its state, rights and risks. Of its text only the hint.

    Of a key that was altered in the database neither scopes nor networks are read: they give it no
    rights, and may be of any type.
    """
    is_genuine = key.has_genuine_rights
    is_site_key = is_genuine and key.kind == KeyKind.SITE
    scopes = key.scopes if is_genuine else []
    return {
        "id": key.public_id,
        "kind": key.kind,
        "name": key.name,
        "hint": key.hint,
        "state": key.state,
        "rights": "Everything" if is_site_key else describe_scopes(scopes) or "Nothing",
        "scopes": scopes,
        "networks": key.networks if is_genuine else [],
        "sponsor": key.sponsor.get_username() if key.sponsor else None,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "rotated_at": key.rotated_at,
        "retires_at": key.retires_at,
        "paused_at": key.paused_at,
        "revoked_at": key.revoked_at,
        "ends_at": key.ends_at,
        "successor": key.successor.public_id if key.successor else None,
        "last_used_at": key.last_used_at,
        "last_used_address": key.last_used_address,
        "rotation_due": is_site_key and is_old(key),
        "risks": find_risks(key) if is_genuine else ["altered in the database, refused"],
    }


def describe_with_calls(key: ManageKey) -> dict[str, Any]:
    """The same with how often it was used."""
    return {
        **describe(key),
        "calls_24h": queries.calls_in(key, hours=24),
        "calls_30d": queries.calls_in(key, hours=24 * queries.DAYS_SHOWN),
    }


def describe_in_full(key: ManageKey, days: int = queries.DAYS_SHOWN) -> dict[str, Any]:
    """The same with its use on each of the last `days`, and the operations that it may run."""
    per_day = queries.calls_per_day(key, days)
    operations = all_operations() if key.has_genuine_rights else []
    names = ("name", "summary", "method", "path", "scope", "destructive")
    return {
        **describe_with_calls(key),
        "calls_per_day": [{"day": day, "calls": calls} for day, calls in per_day],
        "operations": [
            {name: getattr(operation, name) for name in names}
            for operation in allowed_operations(KeyHolder(key), operations)
        ],
    }


def describe_preset(preset: Preset) -> dict[str, Any]:
    """A preset with the scopes that it gives now."""
    return {
        "slug": preset.slug,
        "name": preset.name,
        "description": preset.description,
        "scopes": preset.scopes(),
    }


def describe_entry(entry: AuditEntry) -> dict[str, Any]:
    """As `GET /audit` shows it, and in words."""
    return {
        "id": entry.pk,
        "at": entry.at,
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

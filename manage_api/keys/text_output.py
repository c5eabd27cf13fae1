"""What the command prints for people: the data of `descriptions` as lines of text."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from manage_api.keys.models import KeyState
from manage_api.keys.risks import IS_OLD
from manage_api.keys.validators import replace_controls

Data = dict[str, Any]


def render_api(data: Data) -> str:
    """Whether the API is open."""
    return f"The API is {'enabled' if data['api_enabled'] else 'disabled'}."


def render_issued(data: Data) -> str:
    """The new key on the first line."""
    return f"{data['key']}\n\nStore it now: it is not shown again."


def render_rotated(data: Data) -> str:
    """The new key, and what becomes of the old one."""
    ends = data["old_key_ends_at"]
    outcome = f"works until {ends.isoformat()}" if ends else "has stopped working"
    return f"{render_issued(data)}\nThe old key {outcome}."


def render_revoked(data: Data) -> str:
    """Confirms a revocation."""
    return f"Key {data['id']} is revoked."


def render_paused(data: Data) -> str:
    """Confirms a pause or its end."""
    return f"Key {data['id']} is {'paused' if data['paused'] else 'working again'}."


def render_list(data: Data) -> str:
    """Whether the API is open, and one line for each key."""
    lines = [render_api(data)]
    for key in data["keys"]:
        risks = f" [{', '.join(key['risks'])}]" if key["risks"] else ""
        about = f"{key['name']} ({_end(key)}): {key['rights']}{risks}"
        lines.append(replace_controls(f"{key['id']}  {key['state']:<9} {key['hint']}  {about}"))
    return "\n".join(lines)


def render_presets(data: Data) -> str:
    """One line for each preset."""
    return "\n".join(f"{one['slug']:<10} {one['description']}" for one in data["presets"])


def render_key(data: Data) -> str:
    """Everything about one key."""
    return "\n".join(replace_controls(line) for line in _lines(data))


def _lines(key: Data) -> Iterator[str]:
    yield f"{key['name']} ({key['hint']})"
    for name, value in _facts(key).items():
        yield f"  {name + ':':<13} {value}"
    yield f"{len(key['operations'])} operations:"
    for one in key["operations"]:
        destructive = " (destructive)" if one["destructive"] else ""
        yield f"  {one['name']}: {one['method']} {one['path']}: {one['summary']}{destructive}"
    yield "Calls per day:"
    for one in key["calls_per_day"]:
        if one["calls"]:
            yield f"  {one['day']}: {one['calls']}"
    yield f"The last {len(key['history'])} changes and refusals:"
    for one in key["history"]:
        address = f" from {one['address']}" if one["address"] else ""
        yield f"  {one['at'].isoformat()}: {one['words']}{address}"


def _facts(key: Data) -> dict[str, str]:
    created_by = f" by {key['created_by']}" if key["created_by"] else ""
    used_at: datetime | None = key["last_used_at"]
    used_from = f" from {key['last_used_address']}" if key["last_used_address"] else ""
    due = [f"{IS_OLD}: rotate it"] if key["rotation_due"] else []
    return {
        "Id": key["id"],
        "State": f"{key['state']} ({_end(key)})",
        "May": key["rights"],
        "Networks": ", ".join(key["networks"]) or "from everywhere",
        "Sponsor": key["sponsor"] or "nobody",
        "Created": f"{key['created_at'].isoformat()}{created_by}",
        "Replaced by": key["successor"] or "nothing",
        "Last used": f"{used_at.isoformat() if used_at else 'never'}{used_from}",
        "Calls": f"{key['calls_24h']} in 24 hours, {key['calls_30d']} in 30 days",
        "Look at": ", ".join([*key["risks"], *due]) or "nothing",
    }


def _end(key: Data) -> str:
    if key["ends_at"] is None:
        return "never expires"
    lives = key["state"] in (KeyState.ACTIVE, KeyState.RETIRING, KeyState.PAUSED)
    return f"{'until' if lives else 'ended'} {key['ends_at'].isoformat()}"

"""What the command tells people: the plain data of `descriptions` as lines of text."""

from collections.abc import Iterator
from typing import Any

from manage_api.keys.models import KeyKind, KeyState
from manage_api.keys.presets import in_words
from manage_api.keys.values import without_controls

Shown = dict[str, Any]


def of_api(shown: Shown) -> str:
    """Whether the door is open."""
    return f"The API is {'enabled' if shown['api_enabled'] else 'disabled'}."


def of_issued(shown: Shown) -> str:
    """The new key on the first line."""
    return f"{shown['key']}\n\nStore it now: it is not shown again."


def of_rotated(shown: Shown) -> str:
    """The new key, and what becomes of the old one."""
    ends = shown["old_key_ends_at"]
    outcome = f"works until {ends}" if ends else "has stopped working"
    return f"{of_issued(shown)}\nThe old key {outcome}."


def of_revoked(shown: Shown) -> str:
    """That it has ended."""
    return f"Key {shown['id']} is revoked."


def of_paused(shown: Shown) -> str:
    """That it rests or works again."""
    return f"Key {shown['id']} is {'paused' if shown['paused'] else 'working again'}."


def of_list(shown: Shown) -> str:
    """One line for each key."""
    return "\n".join([of_api(shown), *map(_line, shown["keys"])])


def of_presets(shown: Shown) -> str:
    """One line for each preset."""
    return "\n".join(f"{one['slug']:<10} {one['description']}" for one in shown["presets"])


def of_key(shown: Shown) -> str:
    """Everything about one key."""
    return "\n".join(without_controls(line) for line in _all_lines(shown))


def _line(key: Shown) -> str:
    risks = f" [{', '.join(key['risks'])}]" if key["risks"] else ""
    text = f"{key['id']}  {key['state']:<9} {key['hint']}  {key['name']} ({_end(key)}): {_may(key)}"
    return without_controls(text + risks)


def _may(key: Shown) -> str:
    return "everything" if key["kind"] == KeyKind.SITE else in_words(key["scopes"])


def _end(key: Shown) -> str:
    if key["ends_at"] is None:
        return "never expires"
    lives = key["state"] in (KeyState.ACTIVE, KeyState.RETIRING, KeyState.PAUSED)
    return f"{'until' if lives else 'ended'} {key['ends_at']}"


def _all_lines(key: Shown) -> Iterator[str]:
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
        yield f"  {one['at']}: {one['words']}{address}"


def _facts(key: Shown) -> dict[str, str]:
    created_by = f" by {key['created_by']}" if key["created_by"] else ""
    used_from = f" from {key['last_used_address']}" if key["last_used_address"] else ""
    return {
        "Id": key["id"],
        "State": f"{key['state']} ({_end(key)})",
        "May": _may(key),
        "Networks": ", ".join(key["networks"]) or "from everywhere",
        "Sponsor": key["sponsor"] or "nobody",
        "Created": f"{key['created_at']}{created_by}",
        "Replaced by": key["successor"] or "nothing",
        "Last used": f"{key['last_used_at'] or 'never'}{used_from}",
        "Calls": f"{key['calls_24h']} in 24 hours, {key['calls_30d']} in 30 days",
        "Look at": ", ".join(_hints(key)) or "nothing",
    }


def _hints(key: Shown) -> list[str]:
    return [*key["risks"], *(["older than 180 days: rotate it"] if key["rotation_due"] else [])]

"""Time zones, by their IANA names (from the tzdata package, so alike on every machine)."""

from functools import cache
from importlib import resources


@cache
def names() -> tuple[str, ...]:
    """Every name that `zoneinfo.ZoneInfo` takes, such as "Europe/Vienna", sorted."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return tuple(sorted(set(listed) - {"Factory"}))  # the name of "not set"


def choices() -> list[tuple[str, str]]:
    """What a model or form field offers."""
    return [(name, name.replace("_", " ")) for name in names()]

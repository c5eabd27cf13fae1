"""Countries, by their officially assigned ISO 3166-1 alpha-2 codes (from the tzdata package)."""

from functools import cache
from importlib import resources


@cache
def names() -> dict[str, str]:
    """Code → English name, such as "AT" → "Austria", by name."""
    table = resources.files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return dict(sorted(((code, name) for code, name in rows), key=lambda row: row[1]))


def choices() -> list[tuple[str, str]]:
    """What a model or form field offers."""
    return list(names().items())

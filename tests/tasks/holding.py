"""Tasks of a site in processes of its own that go on until a test lets them."""

from pathlib import Path

from tests.concurrency.live import LiveSite

_ENQUEUE = "from tests.tasks.samples import *; {}"


def enqueue(site: LiveSite, code: str) -> None:
    site.manage("shell", "-v", "0", "-c", _ENQUEUE.format(code))


def holding(place: Path, name: str) -> str:
    return f"hold.enqueue({str(place)!r}, {name!r})"


def begun(place: Path, name: str) -> list[Path]:
    # A file is there before its process has written its number into it.
    return sorted(one for one in place.glob(f"began-{name}-*") if one.stat().st_size)

"""The integrations that come with SyteOps: each in one file, and no other file names it."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Enter them all into the catalogue."""
    for found in iter_modules(__path__):
        import_module(f"{__name__}.{found.name}")

"""The Manage API: a framework for safe operations, into which apps plug their `api.py`."""

from collections.abc import Callable
from typing import Any


def register(prefix: str, *, resource: str) -> Callable[[Any], Any]:
    """Mark a viewset in an app's `api.py`: see `manage_api.routers.register`."""
    # Django imports this package before there are models.
    from manage_api.routers import register as register_viewset

    return register_viewset(prefix, resource=resource)

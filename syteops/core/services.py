"""Finding an entity's services by their names, so that nothing lists them again."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

Service = Callable[..., Any]


def service_of(services: ModuleType, verb: str, noun: str) -> Service | None:
    """The function `<verb>_<noun>` of an app's services, such as `create_crm_system`, if any.

    `create` takes `(actor, **values)`; `update` `(actor, object, **values)`; `delete` and
    `restore` take `(actor, object)`.
    """
    found: Service | None = getattr(services, f"{verb}_{noun}", None)
    return found

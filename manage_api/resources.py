"""A resource: the class on which an app declares its operations."""

from typing import ClassVar

from syteops.lib.entities import Entity


class Resource:
    """What an app's `api.py` derives from. Methods marked with `@operation` are its actions.

    An action gets a `Call` and returns plain data. A destructive one has a companion
    `<action>_impact(call)` that says what would go. This is no view: actions are called `get` and
    `delete` like everywhere else, which on a view would answer HTTP methods by themselves.
    """

    resource: ClassVar[str]
    """The dispatch resource, such as `crm`."""
    collection: ClassVar[str]
    """The first segment of the REST path, such as `crm-systems`."""
    model: ClassVar[type[Entity]]
    """Whose Django permissions a logged-in person needs."""
    lookup: ClassVar[str] = "id"
    """The path parameter that names a single object."""
    why_read_only: ClassVar[str] = ""
    """What a refused write is told (405) where writes never exist."""

    @classmethod
    def permission_name(cls, verb: str) -> str:
        """The Django permission for `verb` on this resource, such as `crm.change_crmsystem`."""
        meta = cls.model._meta
        return f"{meta.app_label}.{verb}_{meta.model_name}"

"""A resource: the class on which an app declares its operations."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from django.db import models

from syteops.core.entities import Entity, Numbered

# In the part of regular expressions that Python and ECMA 262 share.
ANY_NAME = r"^[^/\x00-\x1f]{1,200}$"
SLOT = "^[0-9]{3,9}$"
ROW_ID = "^[1-9][0-9]{0,17}$"


class PathParam(NamedTuple):
    """What a path parameter names, and the form (ECMA 262) of those that can name something."""

    description: str
    pattern: str = ""

    @property
    def is_row_id(self) -> bool:
        """Whether dispatch takes it as a number too, because that is how answers show it."""
        return self.pattern == ROW_ID


SLUG_FORM = "^[A-Za-z0-9_-]{1,50}$"
"""The form of slugs as path parameters."""


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
    path_help: ClassVar[Mapping[str, PathParam]] = {}
    """What developers are told of path parameters that do not explain themselves."""
    why_read_only: ClassVar[str] = ""
    """What a refused write is told (405) where writes never exist."""

    @classmethod
    def path_param(cls, name: str) -> PathParam:
        """What a path parameter names. A text that does not fit its pattern names nothing."""
        told = cls.path_help.get(name, PathParam(""))
        return told if told.pattern else told._replace(pattern=cls._usual_pattern(name))

    @classmethod
    def _usual_pattern(cls, name: str) -> str:
        if name != cls.lookup:
            return ANY_NAME
        if issubclass(cls.model, Numbered):
            return SLOT
        is_row_id = name == "id" and isinstance(cls.model._meta.pk, models.AutoField)
        return ROW_ID if is_row_id else ANY_NAME

    @classmethod
    def permission_name(cls, verb: str) -> str:
        """The Django permission for `verb` on this resource, such as `crm.change_crmsystem`."""
        meta = cls.model._meta
        return f"{meta.app_label}.{verb}_{meta.model_name}"

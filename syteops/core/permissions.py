"""The names of Django's permissions."""

from django.contrib.auth import get_permission_codename
from django.db.models import Model


def permission_name(model: type[Model], verb: str) -> str:
    """The permission for `verb` on objects of that kind, such as `crm.change_crmsystem`."""
    return f"{model._meta.app_label}.{get_permission_codename(verb, model._meta)}"

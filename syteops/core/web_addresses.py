"""Columns for addresses that people and tools open, or write to."""

from typing import Any

from django.db import models

from syteops.lib.mail_addresses import validate_mail_address
from syteops.lib.urls import validate_web_address


class WebAddressField(models.URLField):  # type: ignore[type-arg]
    """An address that browsers open. Django's own field knows no host without a dot, such as crm.

    To migrations it is a URLField: the column is the same.
    """

    default_validators = [validate_web_address]

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs


class MailAddressField(models.EmailField):  # type: ignore[type-arg]
    """An address that mail can be sent to. To migrations it is an EmailField."""

    default_validators = [validate_mail_address]

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

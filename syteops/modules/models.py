from typing import ClassVar

from django.db import models

from syteops.audit.switchables import SwitchableState
from syteops.core.events import Verb


class ModuleState(SwitchableState):
    """What the admin decided about a module. Without a row: active, with the default config."""

    resource: ClassVar[str] = "modules"
    noun: ClassVar[str] = "module"
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (Verb.ACTIVATED, Verb.DEACTIVATED, Verb.CONFIGURED)
    )
    switch, turn_on, turn_off = "active", "activate", "deactivate"

    active = models.BooleanField(default=True)

    class Meta(SwitchableState.Meta):
        verbose_name = "module"

"""Every event there is: what can happen to each kind of object, as it declares."""

from functools import cache

from django.apps import apps

from syteops.core.entities import Entity
from syteops.core.events import NOUN_VERBS


@cache
def event_types() -> frozenset[str]:
    """The types of all events, such as `crm_system.updated`; refused attempts are none."""
    models = [one for one in apps.get_models() if issubclass(one, Entity)]
    declared = [*NOUN_VERBS.items(), *((one.noun, one.verbs) for one in models)]
    return frozenset(f"{noun}.{verb}" for noun, verbs in declared for verb in verbs)

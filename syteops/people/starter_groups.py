"""Groups to start from, made with the database. Their rights follow from what there is.

After each `migrate`, a group that nobody has changed gets what its rule says by then, so a new
module's rights join. One that somebody has changed, renamed, made before or deleted stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group
from django.db import transaction

from syteops.audit.chain import TrailBroken
from syteops.audit.visibility import AUDITOR
from syteops.core.actors import Actor, ActorKind, Channel, everything
from syteops.core.pending_migrations import pending_migrations
from syteops.core.sections import Section, section_of
from syteops.people.models import StarterGroup
from syteops.people.queries import group_values, permission_names
from syteops.people.rights import Right, all_rights, stored
from syteops.people.services import record_group

_MIGRATE = Actor(
    ActorKind.SYSTEM, "system", "SyteOps", Channel.MIGRATION, "migrate", readable=everything
)
_UNDO = "audit.change_auditentry"
_RESTART = "tasks.restart_backgroundtask"
_AUTOMATION = frozenset(("automation", "integrations", "webhooks", "deliveries"))
_WRITES = frozenset(("add", "change", "delete"))


def _section(right: Right) -> Section:
    return section_of(right.model._meta.app_label)


def _reads(right: Right) -> bool:
    return right.permission.partition(".")[2].startswith("view_")


def _reads_all_but_people(right: Right) -> bool:
    return _reads(right) and _section(right) is not Section.PEOPLE


def _edits(right: Right) -> bool:
    is_content = _section(right) in (Section.TEAM, Section.CONTENT)
    changes = right.permission == _UNDO or (is_content and right.verb in _WRITES)
    return _reads_all_but_people(right) or changes


def _automates(right: Right) -> bool:
    is_automation = right.model._meta.app_label in _AUTOMATION
    changes = is_automation and right.verb in _WRITES | {"set_secrets"}
    return _reads_all_but_people(right) or changes or right.permission in (_UNDO, _RESTART)


@dataclass(frozen=True)
class Starter:
    """A group to start from. `includes` says of each right whether it belongs to it."""

    slug: str
    name: str
    includes: Callable[[Right], bool]

    def rights(self) -> list[Right]:
        """Its rights among those there are now."""
        return [right for right in all_rights().values() if self.includes(right)]


STARTERS = (
    Starter("editor", "Editor", _edits),
    Starter("automation_manager", "Automation manager", _automates),
    Starter("auditor", "Auditor", lambda one: _reads(one) or one.permission == AUDITOR),
    Starter("read_only", "Read only", _reads_all_but_people),
)


def after_migrate(sender: AppConfig, **kwargs: Any) -> None:
    """Once for each `migrate`, when all tables are as the code needs them."""
    with_models = [one for one in apps.get_app_configs() if one.models_module]
    if sender is not with_models[-1] or pending_migrations():
        return
    create_permissions(sender, verbosity=0)  # Django's own turn may come after this one
    try:
        keep_starter_groups()
    except TrailBroken:
        return  # nothing is changed before that is mended; the next `migrate` does it


@transaction.atomic
def keep_starter_groups() -> None:
    """Make the groups that were never made, and bring the unchanged ones up to date."""
    for starter in STARTERS:
        known = StarterGroup.objects.select_for_update().filter(pk=starter.slug).first()
        if known is None:
            _make(starter)
        elif known.group and permission_names(known.group.permissions.all()) == known.given:
            _give(starter, known)


def _make(starter: Starter) -> None:
    is_taken = Group.objects.filter(name__iexact=starter.name).exists()
    group = None if is_taken else Group.objects.create(name=starter.name)
    known = StarterGroup.objects.create(slug=starter.slug, group=group)
    if group:
        group.permissions.set(stored(starter.rights()))
        _note(known, group)
        record_group(_MIGRATE, group, {})


def _give(starter: Starter, known: StarterGroup) -> None:
    group = known.group
    assert group is not None
    before = group_values(group)
    group.permissions.set(stored(starter.rights()))
    _note(known, group)
    record_group(_MIGRATE, group, before)


def _note(known: StarterGroup, group: Group) -> None:
    known.given = permission_names(group.permissions.all())
    known.save(update_fields=["given"])

"""Groups to start from: made once, kept up to date while nobody has changed them, never undone."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from syteops.audit import chain
from syteops.audit.models import AuditEntry
from syteops.audit.visibility import AUDITOR
from syteops.people import rights, starter_groups
from syteops.people.queries import permission_names
from syteops.people.starter_groups import STARTERS, after_migrate, keep_starter_groups

pytestmark = pytest.mark.django_db
NAMES = ["Auditor", "Automation manager", "Editor", "Read only"]
PLANNED = "notes.add_note"


def names() -> list[str]:
    return sorted(Group.objects.values_list("name", flat=True))


def held(name: str) -> set[str]:
    return {*permission_names(Group.objects.get(name=name).permissions.all())}


def trail() -> list[tuple[str, str]]:
    found = AuditEntry.objects.order_by("id")
    return [(one.event, one.object_label) for one in found]


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As long as the patch holds, one right of a module does not exist yet."""
    found = {name: one for name, one in rights.all_rights().items() if name != PLANNED}
    with monkeypatch.context() as patch:
        patch.setattr(starter_groups, "all_rights", lambda: found)
        yield patch


def test_they_are_made_once_and_are_in_the_trail() -> None:
    keep_starter_groups()
    made = trail()
    keep_starter_groups()
    assert names() == NAMES
    assert sorted(made) == [("group.created", name) for name in NAMES]
    assert trail() == made
    assert AuditEntry.objects.latest("id").door == "migration"


def test_each_has_what_its_name_says() -> None:
    keep_starter_groups()
    every = rights.all_rights()
    reads = {name for name in every if name.partition(".")[2].startswith("view_")}
    people = {name for name in every if name.startswith(("auth.", "invitations."))}
    assert held("Read only") == reads - people
    assert held("Auditor") == reads | {AUDITOR}
    assert held("Editor") - held("Read only") == {
        *(f"team.{verb}_teammember" for verb in ("add", "change", "delete")),
        *(f"roles.{verb}_role" for verb in ("add", "change", "delete")),
        *(f"notes.{verb}_note" for verb in ("add", "change", "delete")),
        *(f"estimates.{verb}_estimate" for verb in ("add", "change", "delete")),
        "audit.change_auditentry",
    }
    beyond = held("Automation manager") - held("Read only")
    assert {name.partition(".")[0] for name in beyond} == {
        "audit", "automation", "deliveries", "integrations", "tasks", "webhooks",
    }  # fmt: skip
    assert "webhooks.set_secrets_webhook" in beyond


def test_none_gives_people_keys_or_what_cannot_be_undone() -> None:
    for starter in STARTERS:
        given = {one.permission for one in starter.rights()}
        assert not {one for one in given if "erase" in one or one.startswith("keys.")}
        assert not {one for one in given if one.startswith(("auth.", "invitations."))} - {
            "auth.view_user",
            "auth.view_group",
            "invitations.view_invitation",
        }


def test_a_new_module_s_rights_join_where_they_belong(
    early: pytest.MonkeyPatch,
) -> None:
    keep_starter_groups()
    assert PLANNED not in held("Editor")
    others = {name: held(name) for name in NAMES if name != "Editor"}
    early.undo()

    keep_starter_groups()

    assert PLANNED in held("Editor")
    assert {name: held(name) for name in others} == others
    entry = AuditEntry.objects.latest("id")
    assert (entry.event, entry.object_label) == ("group.updated", "Editor")
    assert PLANNED in entry.changes["permissions"]["after"]


@pytest.mark.parametrize("more", [True, False], ids=["more rights", "fewer rights"])
def test_what_an_admin_has_changed_stays_so(early: pytest.MonkeyPatch, more: bool) -> None:
    keep_starter_groups()
    group = Group.objects.get(name="Editor")
    if more:
        group.permissions.add(Permission.objects.get(codename="view_user"))
    else:
        group.permissions.remove(Permission.objects.get(codename="delete_role"))
    chosen = held("Editor")
    early.undo()

    keep_starter_groups()
    keep_starter_groups()

    assert held("Editor") == chosen


def test_a_renamed_group_keeps_its_name_and_a_deleted_one_stays_away() -> None:
    keep_starter_groups()
    Group.objects.filter(name="Editor").update(name="Redaktion")
    Group.objects.get(name="Auditor").delete()
    keep_starter_groups()
    assert names() == ["Automation manager", "Read only", "Redaktion"]


def test_a_group_of_that_name_that_was_there_is_left_alone() -> None:
    Group.objects.create(name="EDITOR")
    keep_starter_groups()
    keep_starter_groups()
    assert names() == ["Auditor", "Automation manager", "EDITOR", "Read only"]
    assert held("EDITOR") == set()


def test_migrate_makes_them_in_the_end_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with_models = [one for one in apps.get_app_configs() if one.models_module]
    for config in with_models[:-1]:
        after_migrate(config)
    assert names() == []
    monkeypatch.setattr(starter_groups, "pending_migrations", lambda: ["crm.0099_later"])
    after_migrate(with_models[-1])
    assert names() == []
    monkeypatch.undo()
    after_migrate(with_models[-1])
    assert names() == NAMES


def test_a_broken_trail_stops_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise chain.TrailBroken

    monkeypatch.setattr(starter_groups, "record_group", refuse)
    after_migrate([one for one in apps.get_app_configs() if one.models_module][-1])
    assert names() == []

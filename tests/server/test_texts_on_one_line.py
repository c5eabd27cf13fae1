"""What was stored before one line meant one line is put in order once, whatever model it is of."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader

from estimates import services as estimates
from manage_api.keys.models import ManageKey
from notes import services as notes
from notes.models import ActionItem
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.records import Record
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.keys.key_pages import restricted

pytestmark = pytest.mark.django_db
migration = import_module("syteops.server.migrations.0002_texts_on_one_line")
BROKEN = "Line\r\nbreak\u2028\x0b\u202ehere"


MENDED = "Line break here"


def takes_any_text(field: Any) -> bool:
    """A one-line column without a form of its own, such as that of a slug or an address."""
    if not isinstance(field, models.CharField) or field.choices or field.primary_key:
        return False
    try:
        field.run_validators(MENDED)
    except ValidationError:
        return False
    return True


def spoil() -> Iterator[tuple[Any, str]]:
    """Every row and column of every record but the trail that took a text with line breaks."""
    for model in apps.get_models():
        if not issubclass(model, Record) or model is AuditEntry:
            continue
        for field in filter(takes_any_text, model._meta.concrete_fields):
            for row in model._base_manager.all()[:1]:
                with suppress(IntegrityError), transaction.atomic():
                    model._base_manager.filter(pk=row.pk).update(**{field.name: BROKEN})
                    yield row, field.name


@pytest.fixture
def world() -> None:
    """One of each, with the rows that belong to it."""
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    member = team.create_team_member(SYSTEM, first_name="Ada", crm_ids={system.slot: "1"})
    roles.create_role(SYSTEM, name="Editor")
    notes.create_note(
        SYSTEM, title="Kick-off", attendees=[member], action_items=[{"text": "Go"}], tags=["a"]
    )
    item = {"description": "Design", "unit_price": 1}
    estimates.create_estimate(SYSTEM, title="Website", line_items=[item])
    restricted()


@pytest.mark.usefixtures("world")
def test_every_one_line_text_can_be_saved_again(caplog: pytest.LogCaptureFixture) -> None:
    spoilt = list(spoil())
    assert len(spoilt) > 30
    assert {TeamMember, Role, CrmSystem, ActionItem, ManageKey} <= {type(row) for row, _ in spoilt}
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    with caplog.at_level(logging.WARNING):
        migration.put_on_one_line(apps, None)

    for row, name in spoilt:
        row.refresh_from_db(from_queryset=type(row)._base_manager.all())
        assert getattr(row, name) == MENDED
        row.clean_fields(exclude=[f.name for f in row._meta.fields if f.name != name])
    assert TeamMember.objects.get().job_title == MENDED
    told = AuditEntry.objects.exclude(pk__in=before)
    assert {"team_member.updated", "note.updated", "estimate.updated"} <= {e.event for e in told}
    entry = told.get(event="team_member.updated", changes__contains="job_title")
    assert (entry.door, entry.object_id) == ("migration", "001")
    assert entry.changes["job_title"] == {"before": BROKEN, "after": MENDED}
    [row] = [e for e in told if any("actionitem_" in name for name in e.changes)]
    assert row.object_resource == "notes_items"
    assert f"team.TeamMember {TeamMember.objects.get().pk}: put on one line" in caplog.text
    assert "break" not in caplog.text.replace("line breaks", "")

    migration.put_on_one_line(apps, None)
    assert AuditEntry.objects.exclude(pk__in=before).count() == told.count()


def test_it_can_then_be_saved_as_it_is(api: Api) -> None:
    number = api.post("/crm-systems", {"name": "HubSpot"}).json()["crm_num"]
    CrmSystem.objects.update(name="Hub\nSpot")
    same = {"name": "Hub\nSpot", "url": "https://example.com"}
    assert api.patch(f"/crm-systems/{number}", same).status_code == 400

    migration.put_on_one_line(apps, None)

    assert api.patch(f"/crm-systems/{number}", {**same, "name": "Hub Spot"}).status_code == 200


@pytest.mark.usefixtures("world")
def test_what_must_not_be_empty_or_alike_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    ActionItem.objects.update(text="\n")
    Role.objects.filter(name="Editor").update(slug="site_owner\n")

    migration.put_on_one_line(apps, None)

    item = ActionItem.objects.get()
    assert item.text == f"actionitem-{item.pk}"
    assert Role.objects.get(name="Editor").slug == "site_owner\n"
    assert "another one has this text" in caplog.text


def test_it_works_on_the_models_that_a_migration_sees(world: None) -> None:
    TeamMember.objects.update(job_title=BROKEN)
    ActionItem.objects.update(text=BROKEN)
    then = MigrationLoader(connection).project_state().apps

    migration.put_on_one_line(then, None)

    assert (TeamMember.objects.get().job_title, ActionItem.objects.get().text) == (MENDED, MENDED)

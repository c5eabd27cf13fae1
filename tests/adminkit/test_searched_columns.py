"""What is visible in a list is found by its search, whatever the column makes it of."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.utils import lookup_field
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db.models import Model
from django.test import RequestFactory
from django.utils import timezone
from django.utils.html import strip_tags

from estimates.models import Estimate
from estimates.services import create_estimate
from manage_api.keys import services as keys
from notes import services as notes
from syteops.ai.models import AiUsage
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook
from tests.each import undone
from tests.fixtures import Api
from tests.invitations.invited import invited
from tests.samples.deliveries import a_delivery
from tests.samples.estimates import a_sent_one
from tests.samples.tasks import a_job

pytestmark = pytest.mark.django_db

ICON = re.compile(r'<span class="[^"]*material.*?</span>')
SEARCHABLE = [model for model, page in site._registry.items() if page.search_fields]
NOT_SEARCHED = {
    "to_do": "counted when it is shown",
    "value_count": "counted when it is shown",
    "people": "counted when it is shown",
    "allows": "made of what is stored in other words",
    "requests_used": "a bar",
    "tokens_used": "a bar",
    "read_by": "made of what tools read",
    "cost": "at the present prices",
}


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[User]:
    """Who sees a site with some of everything; made once, and each test undoes what it does."""
    with django_db_blocker.unblock(), undone():
        alice = User.objects.create_superuser("alice")
        call_command("seed_demo", verbosity=0)
        a_sent_one()
        Group.objects.create(name="Editors")
        a_delivery()
        a_job()
        AiUsage.objects.create(
            area="notes.excerpt",
            day=timezone.localdate(),
            provider="p",
            model="m",
            actor_label="Zoë",
        )
        invited(alice, email="dora@example.com")
        member = TeamMember.objects.earliest("pk")
        notes.create_note(SYSTEM, title="Plain", author=member)
        roles.update_role(SYSTEM, Role.objects.earliest("pk"), holders=[member])
        key = keys.create_restricted_key(SYSTEM, name="Test key", scopes=["crm:read"])
        Api(key.text).post("/crm-systems", {"name": "X"})
        yield alice


def list_of(person: User, model: Any, query: str = "") -> Any:
    """The list alone, without a page around it."""
    request = RequestFactory().get("/", {"q": query} if query else {})
    request.user = person
    return site._registry[model].get_changelist_instance(request)


def cells(page: Any, changes: Any, row: Any) -> Any:
    """By column the text that the list shows; no dates, and no ticks."""
    for column in changes.list_display:
        name = column if isinstance(column, str) else column.__name__
        if name in ("action_checkbox", *NOT_SEARCHED):
            continue
        field, attribute, value = lookup_field(column, row, page)
        if getattr(attribute, "boolean", False) or isinstance(value, bool) or value is None:
            continue
        if field is not None and getattr(field, "choices", None):
            value = getattr(row, f"get_{field.name}_display")()
        if "<time" in str(value) or value == "never":
            continue
        if isinstance(value, str | int | Model):
            yield name, strip_tags(ICON.sub("", str(value)))


@pytest.mark.parametrize("model", SEARCHABLE, ids=lambda one: one.__name__)
def test_each_word_that_a_list_shows_finds_its_row(furnished: Any, model: Any) -> None:
    page, changes = site._registry[model], list_of(furnished, model)
    assert changes.result_count
    tried: dict[tuple[str, str], int] = {}
    for row in changes.result_list:
        for column, text in cells(page, changes, row):
            for word in {word.strip('.,:;()"') for word in text.split()} - {""}:
                tried.setdefault((column, word), row.pk)
    assert tried
    lost = [
        (column, word)
        for (column, word), pk in tried.items()
        if not list_of(furnished, model, word).queryset.filter(pk=pk).exists()
    ]
    assert not lost


def test_the_words_of_the_audit_trail_narrow_it_down(furnished: Any) -> None:
    from syteops.audit.models import AuditEntry

    crm.update_crm_system(SYSTEM, CrmSystem.objects.earliest("pk"), name="Zoho")

    everything = list_of(furnished, AuditEntry).result_count
    for query, found in (("changed crm", 1), ("changed zoho 001", 1), ("refused insufficient", 1)):
        assert list_of(furnished, AuditEntry, query).result_count == found, query
    assert 1 < list_of(furnished, AuditEntry, "crm").result_count < everything
    assert list_of(furnished, AuditEntry, "added nothing-of-that").result_count == 0


def test_a_number_in_a_list_is_found_with_its_zeros(furnished: Any) -> None:
    first, second = CrmSystem.objects.order_by("number")[:2]
    assert list(list_of(furnished, CrmSystem, "002").queryset) == [second]
    assert list(list_of(furnished, TeamMember, "001").queryset) == [
        TeamMember.objects.get(number=1)
    ]
    assert first.slot == "001"


def test_webhooks_are_found_by_their_state(furnished: Any) -> None:
    assert Webhook.objects.exists()
    assert list_of(furnished, Webhook, "no such state").result_count == 0


@pytest.mark.parametrize(
    ("typed", "percent"),
    [("1,200.00", "0"), ("1200", "0"), ("1,200.", "0"), ("1200.0", "0"),
     ("1,080.00", "10"), ("0.00", "100")],
)  # fmt: skip
def test_totals_are_found_as_they_are_shown(furnished: Any, typed: str, percent: str) -> None:
    line = {"description": "Work", "quantity": Decimal(3), "unit_price": Decimal("333.333"),
            "tax_percent": Decimal(20)}  # fmt: skip
    extra = {**line, "optional": True}
    wanted = create_estimate(
        SYSTEM, title="x", currency="EUR", line_items=[line, extra], discount_percent=percent
    )
    nearly = {**line, "unit_price": Decimal("333.67")}  # 1,201.21
    create_estimate(SYSTEM, title="y", currency="EUR", line_items=[nearly])
    assert list(list_of(furnished, Estimate, typed).queryset) == [wanted]


@pytest.mark.parametrize("typed", ["200.00", "12", "1,200.01", "1200.000", "1,2.0001", "9" * 20])
def test_no_other_amount_is_found(furnished: Any, typed: str) -> None:
    line = {"description": "Work", "unit_price": Decimal(1200)}
    create_estimate(SYSTEM, title="x", currency="EUR", line_items=[line])
    assert list_of(furnished, Estimate, typed).result_count == 0


def test_totals_are_found_by_their_currency(furnished: Any) -> None:
    found = list_of(furnished, Estimate, "gbp").queryset
    assert {one.currency for one in found} == {"GBP"}

"""A list that shows nothing says what it is for, and has the one button that helps."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

with_lists = pytest.mark.parametrize("model", [*site._registry], ids=lambda one: one.__name__)


def list_page(person: User, model: Any, query: str = "") -> Any:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return signed_in(person).get(f"{reverse(name)}{query}", follow=True)


@with_lists
def test_every_list_says_what_it_is_for(
    alice: User, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin: Any = site._registry[model]
    answer = list_page(alice, model)
    if "cl" not in answer.context:
        assert not admin.what_for  # a page of its own, and no list
        return
    monkeypatch.setattr(
        type(admin), "get_queryset", lambda self, request: model._base_manager.none()
    )

    page = list_page(alice, model).content.decode()

    assert len(admin.what_for) > 40
    assert admin.what_for.endswith(".")
    assert str(admin.what_for).replace("'", "&#x27;") in page
    adds = admin.has_add_permission(answer.wsgi_request)
    assert page.count(f">Add {model._meta.verbose_name}</a>") == adds


def test_who_may_not_add_is_offered_no_button(bob: User) -> None:
    page = list_page(bob, CrmSystem).content.decode()
    assert "No CRM systems yet" in page
    assert "Add CRM system" not in page
    bob.user_permissions.add(Permission.objects.get(codename="add_crmsystem"))
    assert "Add CRM system" in list_page(bob, CrmSystem).content.decode()


def test_a_search_without_a_hit_leads_back_to_all(alice: User) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    page = list_page(alice, CrmSystem, "?q=<nothing>").content.decode()
    assert "No CRM system fits “&lt;nothing&gt;”." in page
    assert "Show all CRM systems" in page
    assert "No CRM systems yet" not in page
    assert (
        "the filters" in list_page(alice, CrmSystem, "?link_admin_only__exact=1").content.decode()
    )

"""Who may delete and not see sees nothing in the admin: the page that asks shows what would go."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Permission, User
from django.test import RequestFactory

from notes import services as notes
from notes.models import Note
from syteops.core.actors import SYSTEM
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

ADMINS = list(admin.site._registry.values())


@pytest.fixture
def dora(db: None) -> User:
    """Of the staff, with no right at all."""
    return User.objects.create_user("dora", is_staff=True)


def grant(person: User, model: Any, *actions: str) -> User:
    """That person, as the next request finds them."""
    names = [get_permission_codename(action, model._meta) for action in actions]
    found = Permission.objects.filter(
        codename__in=names, content_type__app_label=model._meta.app_label
    )
    person.user_permissions.add(*found)
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize("page", ADMINS, ids=lambda one: one.opts.label_lower)
def test_no_admin_lets_anybody_delete_what_they_may_not_see(page: Any, dora: User) -> None:
    request = RequestFactory().get("/")
    request.user = grant(dora, page.model, "delete")
    assert not page.has_delete_permission(request)


def test_no_page_shows_what_would_be_deleted(dora: User) -> None:
    note = notes.create_note(SYSTEM, title="A canary")
    url = f"/admin/notes/note/{note.pk}/delete/"
    refused = signed_in(grant(dora, Note, "delete")).get(url)
    assert (refused.status_code, b"canary" in refused.content) == (403, False)
    shown = signed_in(grant(dora, Note, "view")).get(url)
    assert (shown.status_code, b"A canary" in shown.content) == (200, True)

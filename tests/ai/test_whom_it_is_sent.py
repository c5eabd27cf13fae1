"""Who may set up AI and read none of what it is sent does not say to whom that goes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from syteops.ai import services
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, nothing
from syteops.core.errors import Forbidden
from syteops.history.reverting import revert
from tests.fixtures import Api, signed_in
from tests.samples.ai import AREA, a_provider, a_provider_with_key

pytestmark = pytest.mark.django_db

PROVIDERS, AREAS = "/admin/ai/aiprovider/", "/admin/ai/aiareasettings/"
HIS = {"name": "His", "base_url": "https://his.example/v1", "api_style": "openai-compatible"}
SENT = ("view_note", "view_estimate", "view_teammember")


@pytest.fixture
def helper(db: None) -> User:
    """Somebody with every right to AI."""
    made = User.objects.create_user("helper", is_staff=True)
    made.user_permissions.set(Permission.objects.filter(content_type__app_label="ai"))
    return made


def state() -> list[Any]:
    rows = AiProvider.objects.order_by("pk").values_list("slug", "base_url", "api_key")
    return [*rows, *AiAreaSettings.objects.values_list("area", "provider", "enabled")]


def test_in_no_form_of_the_admin(helper: User) -> None:
    default, other = a_provider_with_key(), a_provider("gemini")
    services.add_missing_settings(AiAreaSettings)
    area = AiAreaSettings.objects.get(area=AREA)
    own = f"{PROVIDERS}{default.pk}/change/"
    theirs = {"name": default.name, "base_url": default.base_url, "api_style": default.api_style}
    turned: list[tuple[str, dict[str, Any]]] = [
        (f"{PROVIDERS}add/", {**HIS, "slug": "his"}),
        (own, {**theirs, "is_default": "on", "base_url": HIS["base_url"]}),
        (own, {**theirs, "is_default": "on", "new_api_key": "of-his-account"}),
        (f"{PROVIDERS}{other.pk}/change/", {**theirs, "name": "Gemini", "is_default": "on"}),
        (f"{AREAS}{area.pk}/change/", {"provider": other.pk, "max_tokens": 10, "enabled": "on"}),
    ]
    before, client = state(), signed_in(helper)
    for address, form in turned:
        answer = client.post(address, form)
        assert answer.status_code == 403, address
        assert "AI is sent " in answer.content.decode()
    assert state() == before
    renamed = {**theirs, "is_default": "on", "name": "Renamed"}
    assert client.post(own, renamed).status_code == 302

    helper.user_permissions.add(*Permission.objects.filter(codename__in=SENT))
    client = signed_in(User.objects.get(pk=helper.pk))
    assert [client.post(*one).status_code for one in turned] == [302] * len(turned)


def test_nor_with_a_key(make_key: Callable[..., str]) -> None:
    provider, rights = a_provider_with_key(), ("ai:read", "ai:write", "ai:secrets")
    refused, let = Api(make_key(*rights)), Api(make_key(*rights, "notes_items:read"))
    key, area = f"/ai/providers/{provider.slug}/key", f"/ai/areas/{AREA}"
    assert refused.put(key, {"api_key": "of-his-account"}).json()["code"] == "permission_denied"
    assert refused.patch(area, {"provider": provider.slug}).status_code == 403
    assert refused.patch(area, {"max_tokens": 10}).status_code == 200
    assert let.patch(area, {"provider": provider.slug}).status_code == 200
    assert let.put(key, {"api_key": "of-his-account"}).status_code == 403  # of estimates, too
    names = let.patch("/ai/areas/notes.action_items", {"provider": provider.slug})
    assert (names.status_code, "users" in names.json()["detail"]) == (403, True), names.content
    for enabled in (False, True):
        services.update_ai_area(SYSTEM, AiAreaSettings.objects.get(area=AREA), enabled=False)
        answer = refused.patch(area, {"enabled": enabled})
        assert answer.status_code == (403 if enabled else 200)


def test_nor_by_undoing() -> None:
    provider, helper = a_provider(), replace(SYSTEM, readable=nothing)
    services.update_ai_provider(SYSTEM, provider, base_url="https://now.example/v1")
    services.delete_ai_provider(SYSTEM, AiProvider.objects.get(pk=provider.pk))
    with pytest.raises(Forbidden, match="AI is sent"):
        revert(helper, AuditEntry.objects.latest("pk"))
    revert(SYSTEM, AuditEntry.objects.latest("pk"))
    with pytest.raises(Forbidden, match="AI is sent"):
        revert(helper, AuditEntry.objects.filter(event="ai_provider.updated").latest("pk"))

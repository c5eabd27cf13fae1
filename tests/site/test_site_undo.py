"""The licence and the connection: undone by a superuser in the admin, and never over the API."""

from typing import Any

import pytest
from django.utils import timezone

from syteops.core.actors import SYSTEM
from syteops.modules.queries import inactive_slugs
from syteops.site import services
from syteops.site.models import Connection, License
from tests.fixtures import Api
from tests.undoing import back_and_forth, by_service, latest, refused

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)


def stored() -> Any:
    """What is stored; no row says the same as a row of defaults."""
    license = License.objects.first() or License(pk=1)
    connection = Connection.objects.first() or Connection(pk=1)
    return (
        [getattr(license, name) for name in ("status", "plan", "sites", "expires_at")],
        license.key is not None,
        [getattr(connection, n) for n in ("mode", "connection_id", "status", "last_seen_at")],
        connection.secret is not None,
    )


def update_license(**values: Any) -> None:
    services.update_license(SYSTEM, services.locked(License), **values)


def update_connection(**values: Any) -> None:
    services.update_connection(SYSTEM, services.locked(Connection), **values)


def test_the_licence_is_undone_and_redone() -> None:
    def change() -> None:
        update_license(status="active", plan="Pro", sites=3, expires_at=NOW)

    back_and_forth("license.updated", change, stored, by_service)


def test_the_connection_is_undone_and_redone() -> None:
    def change() -> None:
        update_connection(mode="managed", connection_id="C-1", status="active", last_seen_at=NOW)

    back_and_forth("connection.updated", change, stored, by_service)


def test_undoing_a_revocation_brings_the_modules_back() -> None:
    update_license(status="active")
    update_license(status="revoked")
    assert inactive_slugs()

    by_service(latest("license.updated"))

    assert not inactive_slugs()


def test_new_secrets_are_undone_by_clearing_them() -> None:
    services.set_secrets(SYSTEM, services.locked(License), key="license-key-1")
    services.set_secrets(SYSTEM, services.locked(Connection), secret="secret-1")

    by_service(latest("license.secret_set"))
    by_service(latest("connection.secret_set"))

    assert (License.objects.get().key, Connection.objects.get().secret) == (None, None)


@pytest.mark.parametrize("door", ["rest", "dispatch"])
def test_nothing_of_it_is_undone_over_the_api(api: Api, door: str) -> None:
    update_license(status="active")
    update_connection(mode="managed")
    services.set_secrets(SYSTEM, services.locked(License), key="license-key-1")

    for event in ("license.updated", "license.secret_set", "connection.updated"):
        entry = latest(event)
        if door == "rest":
            problem = refused(api, entry, stored)
        else:
            before = stored()
            answer = api.dispatch("audit.revert", {"id": str(entry.pk)}, confirm=True)
            assert (answer.status_code, stored()) == (409, before)
            problem = answer.json()
        assert problem["code"] == "protected"
        assert "read only over the API" in problem["detail"]

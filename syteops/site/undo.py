"""How changes of the licence and the connection are undone: in the admin, by a superuser."""

from typing import Any

from syteops.core.actors import Actor
from syteops.history.undo import Undo, column_values, register_undo
from syteops.site import services
from syteops.site.models import Connection, License

_LICENSE = ("status", "plan", "sites", "expires_at")
_CONNECTION = ("mode", "connection_id", "status", "last_seen_at")


def _update_license(actor: Actor, license: License, before: dict[str, Any]) -> None:
    if "key" in before:
        services.set_license_key(actor, license, None)
    services.update_license(actor, license, **column_values(License, before, _LICENSE))


def _update_connection(actor: Actor, connection: Connection, before: dict[str, Any]) -> None:
    if "secret" in before:
        services.set_connection_secret(actor, connection, None)
    values = column_values(Connection, before, _CONNECTION)
    services.update_connection(actor, connection, **values)


register_undo(Undo(License, update=_update_license))
register_undo(Undo(Connection, update=_update_connection))

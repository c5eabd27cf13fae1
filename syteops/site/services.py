"""Every change of the licence and the connection. Objects passed in are locked by the caller."""

from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.site.models import Connection, License
from syteops.site.queries import Singleton

set_secrets, clear_secrets = audit.set_secrets, audit.clear_secrets


def locked(model: type[Singleton]) -> Singleton:
    """The one row, locked until the transaction ends; made on first use, with the defaults.

    That row says what its absence says, so making it is no change.
    """
    model._default_manager.get_or_create(pk=1)
    return model._default_manager.select_for_update().get(pk=1)


@transaction.atomic
def update_license(actor: Actor, license: License, **values: Any) -> License:
    """Change the fields given. A revoked licence switches every module off. Raises Invalid."""
    audit.update(actor, license, values)
    return license


@transaction.atomic
def update_connection(actor: Actor, connection: Connection, **values: Any) -> Connection:
    """Change the fields given. Raises Invalid."""
    audit.update(actor, connection, values)
    return connection

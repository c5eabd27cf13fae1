"""Who acts in the admin."""

from functools import partial

from django.http import HttpRequest

from syteops.audit.visibility import readable_resources
from syteops.core.actors import Actor, Channel, Person


def admin_actor(request: HttpRequest, operation: str) -> Actor:
    """The logged-in person, acting in the admin."""
    readable = partial(readable_resources, request.user)
    return Actor.from_request(request, Person(request.user), Channel.ADMIN, operation, readable)

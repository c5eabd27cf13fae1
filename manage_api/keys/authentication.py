"""Keys in a request, and the refusal of a request that has neither a key nor a session."""

from typing import NoReturn

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from manage_api.authentication import presented_keys
from manage_api.errors import not_authenticated
from manage_api.keys import verification


class KeyAuthentication(BaseAuthentication):
    """`X-API-Key: som_…` or `Authorization: Bearer som_…` (RFC 6750, section 2.1).

    A key decides alone: a bad one never falls back to the session.
    """

    def authenticate(self, request: Request) -> tuple[None, verification.KeyHolder] | None:
        keys = presented_keys(request._request)
        if not keys:
            return None
        if len(keys) > 1:
            raise not_authenticated()
        channel = request.parser_context["view"].channel
        return None, verification.caller_for(keys.pop(), request._request, channel)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="SyteOps Manage API"'


class RejectAnonymous(BaseAuthentication):
    """The last of the authentication classes: rejects whoever none before it knew.

    It takes as long as the rejection of a wrong key, so that nobody can tell by the time of a 401
    whether a site has a key at all.
    """

    def authenticate(self, request: Request) -> NoReturn:
        verification.reject_after_dummy_work()

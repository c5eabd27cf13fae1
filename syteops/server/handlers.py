"""Django's WSGI handler, which reads requests as UTF-8 whatever they claim and remembers routes."""

from functools import cache, lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import close_caches
from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest, get_str_from_wsgi
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections, reset_queries
from django.http import HttpRequest, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.urls import ResolverMatch, URLResolver, get_resolver
from django.utils.functional import cached_property

from manage_api.errors import ApiError
from syteops.lib.cookies import read_cookies
from syteops.lib.media_types import read_media_type
from syteops.lib.paths import is_api
from syteops.server.middleware import REFUSAL
from syteops.server.parts import check_heads


class Utf8Request(WSGIRequest):
    """A request that takes linear time to read, and as UTF-8.

    Its `Content-Type` does not choose how its query string is decoded, and one that is none is
    refused by `RefusalMiddleware`.
    Django would take the charset from there at once, before any middleware, and Python knows
    charsets such as base64 that decode nothing. `CharsetMiddleware` refuses all but UTF-8.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            declared = read_media_type(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            meta.setdefault(REFUSAL, ApiError("unsupported_media_type", _NO_MEDIA_TYPE))
            declared = "", {}
        self.content_type, self.content_params = declared

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # type: ignore[override]  # noqa: N802 - Django's name
        return read_cookies(get_str_from_wsgi(self.environ, "HTTP_COOKIE", ""))

    def parse_file_upload(self, META: Any, post_data: Any) -> Any:  # noqa: N803 - Django's name
        """As Django does it. Raises MultiPartParserError also for what its parser stumbles over."""
        data = post_data.read()
        boundary = str((self.content_params or {}).get("boundary", "")).encode()
        user = getattr(self, "user", None)  # none where this is asked for before the middleware
        check_heads(data, boundary, is_signed_in=user is not None and user.is_authenticated)
        try:
            return super().parse_file_upload(META, BytesIO(data))
        except (MultiPartParserError, SuspiciousOperation):
            raise
        except Exception as error:
            raise MultiPartParserError("A part of the form cannot be read.") from error

    def get_host(self) -> str:
        """As Django does it, and of what no address can be made; what it has allowed is not taken
        apart again. Raises DisallowedHost.
        """
        host: str = self._get_raw_host()  # type: ignore[attr-defined]
        by = (host, str(settings.DEBUG), *settings.ALLOWED_HOSTS)
        if by not in _allowed:
            super().get_host()
            try:
                urlsplit(f"//{host}")
            except ValueError:  # such as [:::], where all names are allowed
                raise DisallowedHost(f"Invalid HTTP_HOST header: {host[:100]!r}.") from None
            if len(_allowed) == _MOST_HOSTS:
                _allowed.clear()
            _allowed.add(by)
        return host


class Utf8Handler(WSGIHandler):
    """The handler that makes such requests, and knows where the addresses of the API lead to."""

    request_class = Utf8Request
    looks_after_connection = False
    """Whether a connection that broke, or lost its files, is noticed when a request begins by this
    and by no signal: see `shorten_signals`."""

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        if self.looks_after_connection:
            connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        return super().get_response(request)

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """As Django does it; an address that is asked again and again is looked for once."""
        path = request.path_info
        if len(path) > _LONGEST or not is_api(path):
            return super().resolve_request(request)
        request.resolver_match = _resolve(get_resolver(), path)
        return request.resolver_match


@cache
def shared_handler() -> Utf8Handler:
    """The handler of this process and of those that are forked from it.

    Its middleware looks at every static file, which takes a twentieth of a second.
    """
    return Utf8Handler()


def shorten_signals() -> None:
    """Have no receiver at either end of a request, and not five: a tenth of what a read takes.

    There is one database, whose connection stays, so nobody need search for others, nor twice: the
    handler looks after it. No kind of cache that settings can name has anything to close, each
    request names its routes itself, and queries are logged when debugging. For a process that
    serves: tests hold their connection in a transaction.
    """
    request_finished.disconnect(close_caches)
    request_finished.disconnect(reset_urlconf)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    Utf8Handler.looks_after_connection = True


_NO_MEDIA_TYPE = "The Content-Type cannot be read. Send Content-Type: application/json."
_MOST_HOSTS = 256
_allowed: set[tuple[str, ...]] = set()
"""Hosts that Django has allowed, with the settings by which it did."""

_LONGEST = 200
"""Characters of a path that is remembered."""


@lru_cache(maxsize=2048)
def _resolve(resolver: URLResolver, path: str) -> ResolverMatch:
    return resolver.resolve(path)

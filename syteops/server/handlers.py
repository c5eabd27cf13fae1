"""Django's WSGI handler, with requests that are read as UTF-8 whatever they claim."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request whose `Content-Type` does not choose how its query string is decoded.

    Django would take the charset from there at once, before any middleware, and Python knows
    charsets such as base64 that decode nothing. `CharsetMiddleware` refuses all but UTF-8.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        declared = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        self.content_type, self.content_params = declared


class Utf8Handler(WSGIHandler):
    """The handler that makes such requests."""

    request_class = Utf8Request

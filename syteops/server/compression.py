"""Large answers of the API, compressed for callers who take that (RFC 9110, section 8.4.1.3).

Each form of an answer has an ETag of its own (section 8.8.3.3): the compressed one's ends in
`-gzip`, and stands for the same state in `If-Match` and `If-None-Match`. No answer holds a secret,
so its length gives none away (the attack known as BREACH).
"""

import gzip
import re
from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from syteops.lib.paths import is_api

GetResponse = Callable[[HttpRequest], HttpResponse]

LARGE = 4096
"""Bytes from which on an answer is compressed."""
_LEVEL = 5
_KEPT = 1_000_000  # bytes of an answer, of which the compressed form is kept
_MARKED = re.compile(r'-gzip"')
_REFUSES = re.compile(r"\s*q=0(\.0{0,3})?\s*")


class CompressionMiddleware:
    """Compresses what the API answers, and knows the ETags that it has changed by that."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request.path_info):
            return self.get_response(request)
        knows_compress_once = False
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            if "-gzip" in request.META.get(name, ""):
                request.META[name] = _MARKED.sub('"', request.META[name])
                knows_compress_once = True
        response = self.get_response(request)
        if response.streaming:
            return response
        if response.status_code == 304 and knows_compress_once:
            _mark(response)
        elif len(response.content) >= LARGE:
            patch_vary_headers(response, ("Accept-Encoding",))
            if accepts_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")):
                _compress(response)
        return response


def accepts_gzip(header: str) -> bool:
    """Whether a caller with that Accept-Encoding takes gzip; `*` is not taken for it."""
    for part in header.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return not _REFUSES.fullmatch(weight)
    return False


def _compress(response: HttpResponse) -> None:
    body = response.content
    response.content = _compress_once(body) if len(body) <= _KEPT else _compress_anew(body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.content))
    _mark(response)


def _compress_anew(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


# Answers that are kept are the same bytes each time. So is the description of the API, which
# anybody may fetch at any time.
_compress_once = lru_cache(maxsize=8)(_compress_anew)


def _mark(response: HttpResponse) -> None:
    if etag := response.headers.get("ETag"):
        response.headers["ETag"] = f'{etag[:-1]}-gzip"'

"""Lost updates: strong ETags and their preconditions (RFC 9110, sections 8.8 and 13)."""

import hashlib
import re
from typing import Any

from rest_framework.request import Request

from manage_api.errors import ApiError
from manage_api.rendering import dump

_TAG = re.compile(r'(?:W/)?"[^"]*"')


def etag_of(body: bytes) -> str:
    """The strong ETag of a representation."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def etag_of_data(data: Any) -> str:
    """The strong ETag of the representation that `data` renders to."""
    return etag_of(dump(data))


def is_fresh(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag, so that 304 is the answer."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    return header is not None and (header.strip() == "*" or etag in _strong(header, weak=True))


def has_precondition(request: Request) -> bool:
    """Whether a write must look at the current state first."""
    return "HTTP_IF_MATCH" in request.META or "HTTP_IF_NONE_MATCH" in request.META


def check_precondition(request: Request, current: str | None) -> None:
    """Compare a write's precondition with the current ETag (None: there is no such object).

    Raises precondition_failed, naming the current ETag. Call under the lock of the write.
    """
    wanted, unwanted = (
        request.META.get("HTTP_IF_MATCH"),
        request.META.get("HTTP_IF_NONE_MATCH"),
    )
    failed = wanted is not None and not _matches(wanted, current)
    failed = failed or (unwanted is not None and _matches(unwanted, current))
    if failed:
        state = f"The current ETag is {current}." if current else "There is no such object."
        raise ApiError(
            "precondition_failed",
            f"The object is not what you last read. {state}",
            headers={"ETag": current} if current else {},
            current_etag=current,
        )


def _matches(header: str, current: str | None) -> bool:
    if header.strip() == "*":
        return current is not None
    return current is not None and current in _strong(header)


def _strong(header: str, weak: bool = False) -> list[str]:
    tags = _TAG.findall(header)
    return [tag.removeprefix("W/") for tag in tags if weak or not tag.startswith("W/")]

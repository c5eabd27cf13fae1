"""Lost updates: strong ETags and their preconditions (RFC 9110, sections 8.8 and 13)."""

import hmac
import re
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from django.conf import settings
from rest_framework.request import Request

from manage_api.errors import ApiError, bad_header
from manage_api.rendering import dump

# In the part of regular expressions that Python and ECMA 262 share. Empty elements of a list are
# nothing (section 5.6.1); what a server hands over is text of one byte a character.
_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
TAGS = rf"^(?:\*|[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*)$"
"""The form of If-Match and If-None-Match: a star, or one entity-tag or more."""


def etag_of(body: bytes) -> str:
    """The strong ETag of a representation: a MAC (AES-CMAC, RFC 4493), for it is shown also to
    who may not read the representation, and of a mere digest a short value could be guessed.

    Of what processors have an instruction for, and so a third of what keyed BLAKE2 takes.
    """
    mac = _etag_mac(settings.SECRET_KEY).copy()
    mac.update(body)
    return f'"{mac.finalize().hex()}"'


@lru_cache(maxsize=2)
def _etag_mac(secret: str) -> CMAC:
    """The same in every process. Another key means that everything is read once more."""
    return CMAC(AES(hmac.digest(secret.encode(), b"etag", "sha256")[:16]))


def etag_of_data(data: Any) -> str:
    """The strong ETag of the representation that `data` renders to."""
    return etag_of(dump(data))


def is_fresh(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag, so that 304 is the answer."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    return header is not None and (header == etag or _names(_tags(header), etag, weakly=True))


def has_precondition(request: Request) -> bool:
    """Whether a write must look at the current state first."""
    return "HTTP_IF_MATCH" in request.META or "HTTP_IF_NONE_MATCH" in request.META


def check_form(request: Request) -> None:
    """Raises validation_error for an If-Match of the wrong form, also where none is compared."""
    _given(request, "If-Match")


def check_precondition(request: Request, current: str | None, *, guarded: bool = True) -> None:
    """Compare a write's precondition with the current ETag (None: there is no such object).

    A write that is not `guarded` has nothing to compare: to ignore If-Match there would promise a
    safety that does not exist. Raises validation_error for a header of the wrong form, else
    precondition_failed, naming the current ETag. Call under the lock of the write.
    """
    wanted, unwanted = _given(request, "If-Match"), _given(request, "If-None-Match")
    if (wanted is not None and not _names(wanted, current)) or (
        unwanted is not None and _names(unwanted, current, weakly=True)
    ):
        state = f"The current ETag is {current}." if current else "There is no such object."
        raise ApiError(
            "precondition_failed",
            f"The object is not what you last read. {state}" if guarded else _UNGUARDED,
            headers={"ETag": current} if current else {},
            current_etag=current,
        )


_UNGUARDED = "This operation has no ETag to compare. Send it without If-Match."


def _given(request: Request, name: str) -> list[str] | None:
    """What the header lists; None if it was not sent. Raises validation_error for another form."""
    header = request.META.get(f"HTTP_{name.upper().replace('-', '_')}")
    if header is None:
        return None
    if not (tags := _tags(header)):
        raise bad_header(f'{name} takes * or ETags as they were answered, such as "a1b2".')
    return tags


def _tags(header: str) -> list[str]:
    """The entity-tags of the header, or its star; nothing if it is no such list."""
    if not re.fullmatch(TAGS, header.strip(" \t")):
        return []
    return re.findall(_TAG, header) or ["*"]


def _names(tags: list[str], current: str | None, *, weakly: bool = False) -> bool:
    """Whether `current` is among them. Only weakly does a weak tag equal a strong one."""
    found = [tag.removeprefix("W/") for tag in tags] if weakly else tags
    return current is not None and (found == ["*"] or current in found)

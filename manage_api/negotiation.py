"""Which media type an answer has, by the caller's `Accept` (RFC 9110, section 12.5.1)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http.request import MediaType
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from syteops.lib.media_types import LONGEST


class Negotiation(DefaultContentNegotiation):
    """The best liked of what there is; of those liked alike the first. DRF leaves weights out.

    No header, or an empty one, takes anything; what has the weight 0 is never answered.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        ranges = _ranges(request.META.get("HTTP_ACCEPT", "")) or [_ANYTHING]
        best = max(renderers, key=lambda one: _weight(one.media_type, ranges))
        if not _weight(best.media_type, ranges):
            raise NotAcceptable
        return best, best.media_type


_ANYTHING = MediaType("*/*")


def _ranges(header: str) -> list[MediaType]:
    """Raises NotAcceptable for what nobody can read."""
    if len(header) > LONGEST:
        raise NotAcceptable
    try:
        return [MediaType(one) for one in header.split(",") if one.strip()]
    except Exception as error:  # see `read_media_type`
        raise NotAcceptable from error


def _weight(media_type: str, ranges: Sequence[MediaType]) -> float:
    """What the most specific range says that fits it, whatever parameters that has."""
    main, _, sub = media_type.partition("/")
    fitting = [
        (one.specificity, one.quality)
        for one in ranges
        if one.main_type in ("*", main) and one.sub_type in ("*", sub)
    ]
    return max(fitting)[1] if fitting else 0

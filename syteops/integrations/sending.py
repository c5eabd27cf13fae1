"""Posting JSON to the address of an integration."""

from collections.abc import Mapping

from syteops.core import outbound
from syteops.core.outbound import Answer
from syteops.integrations.errors import DeliveryFailed
from syteops.lib.masks import LONGEST_SECRET

KEPT_ANSWER = 2048
"""Bytes of an answer that are kept, for the log of deliveries."""
READ_ANSWER = KEPT_ANSWER + 8 * LONGEST_SECRET
"""Bytes of it that are read: a secret that begins in what is kept is seen whole, escaped or not."""


def deliver_json(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """Post `body`; what was answered, whatever that is. Raises OutboundFailed."""
    return outbound.post(url, body, _without_content_type(headers), beginning=READ_ANSWER)


def post_json(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    """Post `body` and answer the status (2xx). Raises DeliveryFailed, which tells no address."""
    try:
        status = outbound.post(url, body, _without_content_type(headers)).status
    except outbound.OutboundFailed as failure:
        raise DeliveryFailed(failure.detail) from None
    if not 200 <= status < 300:
        redirect = " Redirects are not followed." if 300 <= status < 400 else ""
        raise DeliveryFailed(f"The receiver answered {status}.{redirect}")
    return status


def _without_content_type(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name: text for name, text in (headers or {}).items() if name.lower() != "content-type"}

"""Posting JSON to the address of an integration."""

from collections.abc import Mapping

from syteops.core import outbound
from syteops.integrations.errors import DeliveryFailed


def post_json(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    """Post `body` and answer the status (2xx). Raises DeliveryFailed, which tells no address."""
    own = {name: text for name, text in (headers or {}).items() if name.lower() != "content-type"}
    try:
        status = outbound.post(url, body, own).status
    except outbound.OutboundFailed as failure:
        raise DeliveryFailed(failure.detail) from None
    if not 200 <= status < 300:
        redirect = " Redirects are not followed." if 300 <= status < 400 else ""
        raise DeliveryFailed(f"The receiver answered {status}.{redirect}")
    return status

"""Signatures of the Standard Webhooks specification (1.0.0), symmetric form `v1`."""

import base64
import binascii
import hmac

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` for exactly these bytes."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(_key(secret), signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def problem_of_secret(secret: str) -> str:
    """What is wrong with a signing secret; "" when it is good."""
    try:
        length = len(_key(secret))
    except (binascii.Error, ValueError):
        length = 0
    if _SHORTEST <= length <= _LONGEST:
        return ""
    return f"Send {PREFIX} and then {_SHORTEST} to {_LONGEST} random bytes in Base64."


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)

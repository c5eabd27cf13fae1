"""Addresses that mail can be sent to."""

from django.core.validators import validate_email

_LONGEST_HOST = 253  # RFC 1035; to encode one takes longer the longer it is, by far


def validate_mail_address(address: str) -> None:
    """Raises ValidationError unless it is one, also as it is sent: with its host in ASCII.

    One whose host cannot be written so makes a mail fail, and with it what others were to get. So
    does a name in quotes or with an encoded word (RFC 2047), or mail goes to what that decodes to.
    """
    validate_email(address)
    name, _, host = address.rpartition("@")
    if '"' in name or "=?" in name:
        validate_email("")
    if not host.isascii():
        validate_email(f"{name}@{host_in_ascii(host)}")


def host_in_ascii(host: str) -> str:
    """As mail is sent there and name servers are asked; "" for what cannot be written so."""
    if len(host) > _LONGEST_HOST:
        return ""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return ""

"""Addresses that mail can be sent to."""

from django.core.validators import validate_email


def validate_mail_address(address: str) -> None:
    """Raises ValidationError unless it is one, also as it is sent: with its host in ASCII.

    One whose host cannot be written so makes a mail fail, and with it what others were to get. So
    does a name in quotes or with an encoded word (RFC 2047), or mail goes to what that decodes to.
    """
    validate_email(address)
    name, _, host = address.rpartition("@")
    if '"' in name or "=?" in name:
        name = ""
    try:
        sent = f"{name}@{host.encode('idna').decode()}"
    except UnicodeError:
        sent = ""
    validate_email(sent)

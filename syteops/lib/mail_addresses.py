"""Addresses that mail can be sent to."""

from django.core.validators import validate_email


def validate_mail_address(address: str) -> None:
    """Raises ValidationError unless it is one, also as it is sent: with its host in ASCII.

    One whose host cannot be written so makes a mail fail, and with it what others were to get.
    """
    validate_email(address)
    name, _, host = address.rpartition("@")
    try:
        sent = f"{name}@{host.encode('idna').decode()}"
    except UnicodeError:
        sent = ""
    validate_email(sent)

"""E-mail through the mail server of this installation (EMAIL_URL)."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

from syteops.integrations.catalogue import Integration, Setup, enter
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.messages import TEST_TEXT


def _unmet() -> str:
    return "" if settings.EMAIL_SERVER else "Set EMAIL_URL to your mail server and restart."


def _send_test(setup: Setup) -> str:
    recipients = setup.config["recipients"]
    message = EmailMessage(f"{settings.SITE_NAME}: test", TEST_TEXT, to=recipients)
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise DeliveryFailed("The mail server could not be reached or refused it.") from error
    return f"Sent to {', '.join(recipients)}."


enter(
    Integration(
        slug="email",
        name="E-mail",
        category="messaging",
        description=(
            "Sends e-mail to the recipients listed, through the mail server that EMAIL_URL names. "
            "So far it sends test messages, from the admin."
        ),
        stops="No more e-mail is sent to the recipients.",
        config_schema={
            "type": "object",
            "properties": {
                "recipients": {
                    "type": "array",
                    "title": "Recipients",
                    "description": "One e-mail address a line.",
                    "items": {"type": "string", "format": "email", "maxLength": 254},
                    "minItems": 1,
                    "maxItems": 20,
                    "uniqueItems": True,
                }
            },
            "required": ["recipients"],
            "additionalProperties": False,
        },
        unmet=_unmet,
        send_test=_send_test,
    )
)

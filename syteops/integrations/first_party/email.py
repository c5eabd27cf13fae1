"""E-mail: what happens on the site, through the mail server of this installation (EMAIL_URL)."""

import base64
import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from syteops.core.outbound import Answer
from syteops.integrations.catalogue import Destination, Integration, Message, Setup, enter
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.mail import mail_of, send_mail
from syteops.integrations.messages import TEST_TEXT
from syteops.integrations.telling import put_in_words, types_schema

AT_ONCE, HOURLY, DAILY = "at_once", "hourly", "daily"


def due_at(config: dict[str, Any], now: datetime) -> datetime:
    """When what happens `now` is to be mailed: by the config at once, at the next full hour, or at
    that hour of the day in the site's time zone.

    An hour that is left out when the clocks are moved forward is the next one that day.
    """
    local = timezone.localtime(now, timezone.get_default_timezone())
    if config["digest"] == HOURLY:
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return now - past + timedelta(hours=1)
    if config["digest"] == DAILY:
        today = local.replace(hour=config["hour"], minute=0, second=0, microsecond=0, fold=0)
        # The same hour of the calendar's next day: that may be 23 or 25 hours later.
        return today if today > local else today + timedelta(days=1)
    return now


def _destinations(config: dict[str, Any]) -> list[Destination]:
    if not config.get("recipients"):
        return []
    types, due = tuple(config["types"]), partial(due_at, config)
    return [Destination("", "Recipients", types, together=True, first_at=due)]


def _send(setup: Setup, message: Message) -> Answer:
    """To all, or to those who are left of an earlier try: nobody gets a mail twice."""
    lines = put_in_words(message.events)
    numbered = enumerate(setup.config["recipients"], 1)
    wanted = [one for one in numbered if not message.only or _name_of(one[1]) in message.only]
    if not (lines and wanted):
        return Answer(204)  # what was to be told has been erased, or nobody is left to be told
    mail = mail_of(message.id, [address for _, address in wanted], lines)
    answer = send_mail(mail, [place for place, _ in wanted])
    return replace(answer, left=tuple(map(_name_of, answer.left)))


def _name_of(address: str) -> str:
    """What is stored of a recipient who is left: short, and no address."""
    digest = hashlib.sha256(address.encode()).digest()
    return base64.urlsafe_b64encode(digest)[:5].decode()


def _unmet() -> str:
    return "" if settings.EMAIL_SERVER else "Set EMAIL_URL to your mail server and restart."


def _send_test(setup: Setup) -> str:
    recipients = setup.config["recipients"]
    answer = send_mail(EmailMessage(f"{settings.SITE_NAME}: test", TEST_TEXT, to=recipients))
    if not answer.is_success:
        raise DeliveryFailed(f"The mail server refused it (it answered {answer.status}).")
    return f"Sent to {', '.join(recipients)}. {answer.body.decode()}".strip()


enter(
    Integration(
        slug="email",
        name="E-mail",
        category="messaging",
        description=(
            "Mails what happens on the site to the recipients listed, at once or as a digest, "
            "through the mail server that EMAIL_URL names."
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
                },
                "types": types_schema(),
                "digest": {
                    "type": "string",
                    "title": "When",
                    "description": "At once, or all of an hour or a day in one mail.",
                    "enum": [AT_ONCE, HOURLY, DAILY],
                    "default": AT_ONCE,
                },
                "hour": {
                    "type": "integer",
                    "title": "Hour of the daily mail",
                    "description": "0 to 23, in the time zone of the site (TIME_ZONE).",
                    "minimum": 0,
                    "maximum": 23,
                    "default": 8,
                },
            },
            "required": ["recipients"],
            "additionalProperties": False,
        },
        unmet=_unmet,
        send_test=_send_test,
        destinations=_destinations,
        send=_send,
    )
)

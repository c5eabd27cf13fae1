"""E-mails that say that a key expires, one for each reader: what is put off is tried again.

A warning that reached somebody is given, and is not given again. So whom the mail server put off
meanwhile gets a task of his own, which no other mail waits for.
"""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.utils import timezone

from manage_api.keys.descriptions import describe
from manage_api.keys.models import ManageKey
from manage_api.keys.queries import expiring_keys
from syteops.core.smtp import PERMANENT, code_of
from syteops.core.tasks import task
from syteops.lib.mail_addresses import validate_mail_address

log = logging.getLogger(__name__)

AGAIN = [timedelta(minutes=one) for one in (15, 60, 240, 720)]
"""How long to wait for each further attempt."""


class Problem(NamedTuple):
    """Why somebody was not mailed, and whether that may pass."""

    text: str
    may_pass: bool


def recipients_for(key: ManageKey) -> dict[str, int]:
    """The addresses of the key's sponsor and of everybody who may manage keys, if active staff.

    Each once, with the primary key of the first person who has it.
    """
    managers = User.objects.with_perm(
        "keys.manage_api_keys", backend="django.contrib.auth.backends.ModelBackend"
    )
    people = [*([key.sponsor] if key.sponsor else []), *managers.order_by("pk")]
    found: dict[str, int] = {}
    for one in people:
        if one.is_active and one.is_staff and one.email:
            found.setdefault(one.email, one.pk)
    return found


def mail(key: ManageKey, days: int, address: str) -> Problem | None:
    """Send a message of its own to each, who learns no other address; what went wrong, or None."""
    try:
        validate_mail_address(address)
        _message(key, days, address).send()
    except ValidationError:
        return Problem(f"{address!r} (no e-mail address)", may_pass=False)
    except (SMTPException, OSError, ValueError) as error:
        return Problem(f"{address} ({type(error).__name__}: {error})", _may_pass(error))
    return None


def mail_again(key: ManageKey, days: int, person: int, attempt: int = 0) -> None:
    """Have it tried once more for that person, later, once this transaction is stored."""
    run_after = timezone.now() + AGAIN[attempt]
    mail_later.using(run_after=run_after).enqueue(key.pk, days, person, attempt)


@task()
def mail_later(key: int, days: int, person: int, attempt: int) -> None:
    """Mail that warning, if it is still the one that is due for who may be told of the key.

    Whoever was mailed by a worker that was killed right after gets it twice.
    """
    found = next((one for one, due in expiring_keys() if (one.pk, due) == (key, days)), None)
    addresses = recipients_for(found) if found and settings.EMAIL_SERVER else {}
    address = next((one for one, pk in addresses.items() if pk == person), None)
    if found is None or address is None or (problem := mail(found, days, address)) is None:
        return
    log.error("The warning that %s expires was not sent to %s", found, problem.text)
    if problem.may_pass and attempt + 1 < len(AGAIN):
        mail_again(found, days, person, attempt + 1)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, SMTPRecipientsRefused | SMTPDataError):
        return code_of(error) < PERMANENT
    return not isinstance(error, ValueError)


def _message(key: ManageKey, days: int, address: str) -> EmailMessage:
    assert key.expires_at is not None
    ends = key.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    used = key.last_used_at
    text = _TEXT.format(
        site=settings.SITE_NAME,
        name=key.name,
        hint=key.hint,
        id=key.public_id,
        ends=ends,
        rights=describe(key)["rights"],
        used=used.strftime("%Y-%m-%d") if used else "never",
    )
    within = "tomorrow" if days == 1 else f"within {days} days"
    subject = f"{settings.SITE_NAME}: the key {key.name} expires {within}"
    return EmailMessage(" ".join(subject.split()), text, to=[address])


_TEXT = """\
A key of the Manage API of {site} expires soon. From then on the tool that uses it is refused.

Key:        {name} ({hint}, id {id})
Expires:    {ends}
May:        {rights}
Last used:  {used}

If the tool is still needed, open the key in the admin (Other Options, Manage API Key), press "New
key like this", and give the new key to the tool in time. If you may not open that page, ask
somebody who may. If the tool is not needed any more, nothing has to be done.
"""

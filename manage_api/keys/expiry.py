"""Warnings 14, 7 and 1 days before a key expires: in the audit trail, and by e-mail if configured.

The admin shows the same keys by itself (`queries.expiring_keys`).
"""

from smtplib import SMTPException
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction

from manage_api.keys.descriptions import describe
from manage_api.keys.models import ManageKey
from manage_api.keys.queries import expiring_keys
from syteops.audit import services as audit
from syteops.audit.queries import entries_of
from syteops.core.actors import Actor
from syteops.core.events import Verb
from syteops.core.locks import exclusive

EVENT = Verb.EXPIRING
DAYS = "days_before_expiry"


class ExpiryWarning(NamedTuple):
    """One warning: of which key, how many days before, who was mailed, and who could not be."""

    key: ManageKey
    days: int
    recipients: list[str]
    problem: str = ""


def warn(actor: Actor) -> list[ExpiryWarning]:
    """Give every warning that is due, once for each key and number of days.

    The audit trail records what was given. Where no e-mail reached anybody nothing is recorded, and
    the next run tries again: nobody is mailed twice. Raises Busy while another run is in progress.
    """
    with exclusive("key expiry warnings"):
        warnings = []
        for key, days in expiring_keys():
            given = entries_of(key).filter(event=f"{key.noun}.{EVENT}")
            if all(entry.changes[DAYS]["after"] != days for entry in given):
                warnings.append(_warn(actor, key, days))
        return warnings


def _warn(actor: Actor, key: ManageKey, days: int) -> ExpiryWarning:
    recipients = recipients_for(key) if settings.EMAIL_SERVER else []
    problems = {one: problem for one in recipients if (problem := _mail(key, days, one))}
    reached = [one for one in recipients if one not in problems]
    if reached or not recipients:
        with transaction.atomic():
            audit.record(actor, key, EVENT, {DAYS: (None, days)})
    return ExpiryWarning(key, days, reached, "; ".join(problems.values()))


def recipients_for(key: ManageKey) -> list[str]:
    """The key's sponsor and everybody who may manage keys, if active staff; each address once."""
    managers = User.objects.with_perm(
        "keys.manage_api_keys", backend="django.contrib.auth.backends.ModelBackend"
    )
    people = [*([key.sponsor] if key.sponsor else []), *managers.order_by("pk")]
    staff = (one for one in people if one.is_active and one.is_staff)
    return list(dict.fromkeys(one.email for one in staff if one.email))


def _mail(key: ManageKey, days: int, address: str) -> str:
    """Send a message of its own to each, who learns no other address; what went wrong, or ""."""
    try:
        validate_email(address)
        _message(key, days, address).send()
    except ValidationError:
        return f"{address!r} (no e-mail address)"
    except (SMTPException, OSError, ValueError) as error:
        return f"{address} ({type(error).__name__}: {error})"
    return ""


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

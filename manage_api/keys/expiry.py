"""Warnings 14, 7 and 1 days before a key expires: in the audit trail, and by e-mail if configured.

The admin shows the same keys by itself (`queries.expiring_keys`).
"""

from time import monotonic
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from manage_api.keys.expiry_mail import Problem, mail, mail_again, recipients_for
from manage_api.keys.models import ManageKey
from manage_api.keys.queries import expiring_keys
from syteops.audit import services as audit
from syteops.audit.chain import require_intact
from syteops.audit.queries import entries_of
from syteops.core.actors import Actor
from syteops.core.events import Verb
from syteops.core.locks import exclusive

EVENT = Verb.EXPIRING
DAYS = "days_before_expiry"
MOST_SECONDS = 300.0
"""After so long no further mail is begun in a run: the hour's other work comes behind it, and a
mail server that falls silent may keep each mail for nearly a minute."""
_NO_TIME = "the mail server has taken too long"


class ExpiryWarning(NamedTuple):
    """One warning: of which key, how many days before, who was mailed, and who could not be."""

    key: ManageKey
    days: int
    recipients: list[str]
    problem: str = ""


def warn(actor: Actor) -> list[ExpiryWarning]:
    """Give every warning that is due, once for each key and number of days.

    The audit trail records what was given. Where no e-mail reached anybody nothing is recorded, and
    the next run tries again. Where one reached somebody, a task tries again for each whom the mail
    server put off: nobody else is mailed twice. So it is where the mails have taken MOST_SECONDS.
    Raises Busy while another run is in progress, and TrailBroken where none could be recorded: it
    would be given again each time.
    """
    require_intact()
    until = monotonic() + MOST_SECONDS
    with exclusive("key expiry warnings"):
        warnings = []
        for key, days in expiring_keys():
            given = entries_of(key).filter(event=f"{key.noun}.{EVENT}")
            if all(entry.changes[DAYS]["after"] != days for entry in given):
                warnings.append(_warn(actor, key, days, until))
        return warnings


def _warn(actor: Actor, key: ManageKey, days: int, until: float) -> ExpiryWarning:
    recipients = recipients_for(key) if settings.EMAIL_SERVER else {}
    problems = {one: why for one in recipients if (why := _problem_of(key, days, one, until))}
    reached = [one for one in recipients if one not in problems]
    if reached or not recipients:
        with transaction.atomic():
            audit.record(actor, key, EVENT, {DAYS: (None, days)})
            for address, problem in problems.items():
                if problem.may_pass:
                    mail_again(key, days, recipients[address])
    told = "; ".join(problem.text for problem in problems.values())
    return ExpiryWarning(key, days, reached, told)


def _problem_of(key: ManageKey, days: int, address: str, until: float) -> Problem | None:
    if monotonic() > until:
        return Problem(f"{address} ({_NO_TIME})", may_pass=True)
    return mail(key, days, address)

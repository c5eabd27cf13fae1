"""Mails with a link: queued with the change that wants them, sent by a worker, tried for a while.

A mail is handed to the mail server once. Where a worker is killed between that and storing that it
was, another hands it over again, under the same Message-ID: servers and readers drop a repetition.

Each attempt has a number, and is made by one task. A task that runs again after its attempt was
noted, because its worker was killed just then, does nothing: there is never a second chain of
attempts.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet, TextChoices
from django.utils import timezone

from syteops.audit import services as audit
from syteops.audit.chain import is_intact
from syteops.core.actors import SYSTEM
from syteops.core.background import fresh_connection
from syteops.core.entities import Entity
from syteops.core.errors import DomainError
from syteops.core.events import Verb
from syteops.core.locks import Busy, exclusive
from syteops.core.outages import in_one_line, is_outage
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.mail import send_mail, why_no_links

log = logging.getLogger(__name__)
Mailed = TypeVar("Mailed", bound=Entity)

RETRIES = [timedelta(minutes=one) for one in (1, 5, 15, 60, 240, 720)]
"""How long to wait after each attempt that failed for a reason that may pass."""
GIVEN_UP = timedelta(days=2)
"""Longer than all attempts take: who is still queued then was lost with its task."""
LOST = "It was given up: the worker ended each time. Look at its log, then send it again."
AWAY = "Something that is needed here was away. The log of the worker says more."
UNFORESEEN = "Something went wrong here. The log of the worker says more."


class MailState(TextChoices):
    """What became of the latest e-mail. Sent: the mail server has taken it."""

    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class MailQueue(ABC, Generic[Mailed]):
    """The mails of one kind. Their rows have `mail_state` and `mail_attempts`, which counts.

    What makes a mail stores "queued" and no attempts, and calls `enqueue` in that transaction. The
    `task` gets the key of the mail and the number of the attempt, and passes them to `attempt`.
    """

    operation: ClassVar[str]
    """What is recorded as the actor's, such as "estimates.mail"."""
    task: ClassVar[Any]

    @abstractmethod
    def key(self, mailed: Mailed) -> tuple[Any, ...]:
        """What names the mail, as the task's arguments."""

    @abstractmethod
    def rows(self, *key: Any) -> QuerySet[Mailed]:
        """What the mail of that key is about: one, or none if it is another mail by now."""

    @abstractmethod
    def write(self, mailed: Mailed) -> EmailMessage:
        """The mail. Raises DeliveryFailed where it may work later, else another DomainError."""

    @abstractmethod
    def noted(self, state: MailState, problem: str) -> Mapping[str, Any]:
        """What else to store of an attempt. Still queued: there will be another."""

    def enqueue(self, mailed: Mailed) -> None:
        """Have the first attempt made once this transaction is stored."""
        self.task.enqueue(*self.key(mailed), 0)

    def attempt(self, number: int, *key: Any) -> None:
        """Make that attempt, unless it was made, or another worker is at it."""
        name = ".".join(map(str, (self.operation, *key)))
        with suppress(Busy), exclusive(name) as is_held:
            queued = self.rows(*key).filter(mail_state=MailState.QUEUED, mail_attempts=number)
            if (found := queued.first()) is None:
                return
            try:
                with fresh_connection():  # a broken one could not store what came of it
                    is_held()
                    state, problem = self._try(found, number)
            except Exception as error:
                if not is_outage(error):
                    self.note(found, MailState.FAILED, UNFORESEEN)
                    raise
                log.warning("A mail was not sent: %s", in_one_line(error))
                state, problem = _later(number), AWAY
            self.note(found, state, problem)

    def _try(self, mailed: Mailed, number: int) -> tuple[MailState, str]:
        """Hand it to the mail server. Still queued: it may work later."""
        if not is_intact():  # that it was sent could not be recorded, and it would be sent again
            return _later(number), AWAY
        if missing := why_no_links("Links"):
            return MailState.FAILED, missing
        try:
            answer = send_mail(self.write(mailed))
        except DeliveryFailed as failure:
            log.warning("A mail was not sent: %s", failure.detail)
            return _later(number), failure.detail
        except DomainError as refusal:
            return MailState.FAILED, refusal.detail
        if not answer.is_success:
            return MailState.FAILED, f"The mail server refused it (it answered {answer.status})."
        return MailState.SENT, ""

    @transaction.atomic
    def note(self, tried: Mailed, state: MailState, problem: str) -> None:
        """Keep what came of it; have one that is still queued tried again later."""
        rows = self.rows(*self.key(tried)).select_for_update()
        mailed = rows.filter(mail_state=MailState.QUEUED).first()
        if mailed is None:
            return
        if state == MailState.QUEUED:
            self._queue_again(mailed, problem)
            return
        values = {"mail_state": state, **self.noted(state, problem)}
        verb = Verb.MAILED if state == MailState.SENT else Verb.MAIL_FAILED
        audit.update(SYSTEM.for_operation(self.operation), mailed, values, verb)

    def _queue_again(self, mailed: Any, problem: str) -> None:
        """No event of its own: what the trail tells is how it ends."""
        again, number = timezone.now() + RETRIES[mailed.mail_attempts], mailed.mail_attempts + 1
        values = self.noted(MailState.QUEUED, problem)
        self.rows(*self.key(mailed)).update(mail_attempts=number, **values)
        self.task.using(run_after=again).enqueue(*self.key(mailed), number)

    def give_up(self, queued: QuerySet[Mailed]) -> None:
        """Say of those that were lost with their tasks that they failed: nobody waits any more."""
        for lost in queued.filter(mail_state=MailState.QUEUED):
            self.note(lost, MailState.FAILED, LOST)


def _later(number: int) -> MailState:
    """Still queued, unless that was the last attempt."""
    return MailState.QUEUED if number < len(RETRIES) else MailState.FAILED

"""Mails that tell of events, and what a mail server says to them."""

from collections.abc import Sequence
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.html import format_html, format_html_join

from syteops.core.outbound import Answer
from syteops.core.smtp import PERMANENT, PartlyRefused, code_of
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.telling import Told, subject

ACCEPTED = 250
_AGAIN_IN_VAIN = {"webhook-delivery": "abort-message"}


def mail_of(message_id: str, recipients: Sequence[str], lines: Sequence[Told]) -> EmailMessage:
    """The mail that tells them, in plain text and as HTML.

    Its Message-ID (RFC 5322) is made of `message_id`, so a repetition has the same one. It is
    marked as automatic (RFC 3834): nobody's absence notice answers it.
    """
    headers = {"Message-ID": as_message_id(message_id), "Auto-Submitted": "auto-generated"}
    text = "".join(f"- {one.text}\n{_below(one.url)}" for one in lines)
    mail = EmailMultiAlternatives(subject(lines), text, to=list(recipients), headers=headers)
    mail.attach_alternative(_as_html(lines), "text/html")
    return mail


def why_no_links(what: str) -> str:
    """What must be set before a mail can carry a link of this site; "" if all is there.

    Without SITE_URL nobody but a caller would say where the link leads. `what` is mailed: a plural.
    """
    needed = {"EMAIL_URL": settings.EMAIL_SERVER, "SITE_URL": settings.SITE_URL}
    missing = [name for name, value in needed.items() if not value]
    are = "are" if len(missing) > 1 else "is"
    told = f"{what} can be mailed once {' and '.join(missing)} {are} set: see docs/settings.md."
    return told if missing else ""


def as_message_id(name: str) -> str:
    """The Message-ID (RFC 5322) of the mail of that name: the same one, whenever it is sent."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{name}@{host}>"


def send_mail(mail: EmailMessage, places: Sequence[int] = ()) -> Answer:
    """Hand the mail to the server; the code of its reply, and whom it refused among others.

    Those are named by `places`, a number for each recipient, or else by their order; left are those
    whom it may take it for later. What it refuses for good is answered as such. Raises
    DeliveryFailed, which repeats nothing that the server said, where it may work later.
    """
    try:
        mail.send()
    except PartlyRefused as refusal:
        recipients = mail.recipients()
        told = _name_refused(refusal, places or range(1, len(recipients) + 1))
        later = (place for place, code in refusal.codes.items() if code < PERMANENT)
        return Answer(ACCEPTED, told, left=tuple(recipients[place - 1] for place in later))
    except (SMTPRecipientsRefused, SMTPDataError) as error:
        code = code_of(error)
        if code >= PERMANENT:
            return Answer(code, headers=_AGAIN_IN_VAIN)
        raise DeliveryFailed(f"The mail server puts it off (it answered {code}).") from error
    except (SMTPException, OSError) as error:
        raise DeliveryFailed("The mail server could not be reached or refused it.") from error
    return Answer(ACCEPTED)


def _name_refused(refusal: PartlyRefused, places: Sequence[int]) -> bytes:
    """Whom the server refused, by place: not everybody who sees deliveries may see addresses."""
    codes = sorted(refusal.codes.items())
    refused = ", ".join(f"no. {places[place - 1]} ({code})" for place, code in codes)
    return f"Of {len(places)} recipients the mail server refused {refused}.".encode()


def _below(url: str) -> str:
    return f"  {url}\n" if url else ""


def _as_html(lines: Sequence[Told]) -> str:
    items = format_html_join("", "<li>{}</li>", ((_item(one),) for one in lines))
    return format_html("<!doctype html><html><body><ul>{}</ul></body></html>", items)


def _item(one: Told) -> str:
    if not one.url:
        return one.text
    return format_html('{} <a href="{}">Open</a>', one.text, one.url)

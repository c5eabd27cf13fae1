"""The e-mails to a client: from the texts of the module's config, with the link and the PDF."""

import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import parseaddr
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.formats import date_format
from django.utils.html import escape, format_html, linebreaks
from django.utils.safestring import SafeString

from estimates.branding import Brand, brand
from estimates.choices import MailKind
from estimates.links import client_path
from estimates.models import LONGEST_MESSAGE, LONGEST_SUBJECT, Estimate
from estimates.pdf import file_name, pdf_of
from estimates.templatetags.amounts import money
from syteops.core.errors import Conflict
from syteops.core.smtp import as_header
from syteops.integrations.mail import as_message_id, why_no_links
from syteops.lib.text import cut, to_line
from syteops.modules.queries import config_of

LINK = "{link}"
PLACEHOLDERS = ("client", "company", "number", "title", "total", "valid_until", "link")
_PLACEHOLDER = re.compile(r"\{([a-z_]{1,20})\}")
_TEXTS = {
    MailKind.ESTIMATE: ("mail_subject", "mail_text"),
    MailKind.REMINDER: ("reminder_subject", "reminder_text"),
}


class Letter(NamedTuple):
    """What a client is written. The text has "{link}" where the link goes, or it goes below."""

    subject: str
    text: str


def why_no_mail() -> str:
    """What must be set before clients can be mailed; "" where they can."""
    return why_no_links("Clients")


def letter(estimate: Estimate, kind: MailKind, subject: str = "", text: str = "") -> Letter:
    """The texts given, or those of the config, with their placeholders filled but for the link."""
    config = config_of("estimates")
    usual = [config[name] for name in _TEXTS[kind]]
    values = _values(estimate, brand(config))
    filled = [
        _filled(own or other, values) for own, other in zip((subject, text), usual, strict=True)
    ]
    return Letter(cut(to_line(filled[0]), LONGEST_SUBJECT), cut(filled[1], LONGEST_MESSAGE))


def mail_of(estimate: Estimate) -> EmailMessage:
    """The e-mail that is queued for the estimate's client.

    Its Message-ID stays the same: a receiver can tell a repetition. Raises Conflict where the link
    cannot be read, and PdfFailed.
    """
    config = config_of("estimates")
    by = brand(config, estimate.language)
    url = _url(estimate)
    text = with_link(estimate.mail_text, url)
    headers = {"Message-ID": as_message_id(f"estimate-{estimate.mail_id}")}
    if estimate.mail_kind == MailKind.REMINDER:
        headers["Auto-Submitted"] = "auto-generated"
    mail = EmailMultiAlternatives(
        estimate.mail_subject,
        text,
        sender(config["sender_name"] or by.company),
        [estimate.client_email],
        reply_to=[config["reply_to"]] if config.get("reply_to") else None,
        headers=headers,
    )
    mail.attach_alternative(_as_html(text, url, by.language), "text/html")
    mail.attach(file_name(estimate), pdf_of(estimate), "application/pdf")
    return mail


def sender(name: str) -> str:
    """The address that this installation sends from, under a name."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return str(Address(as_header(to_line(name)), addr_spec=address))


def with_link(text: str, url: str) -> str:
    """The text with the link where it says so, or else below."""
    return text.replace(LINK, url) if LINK in text else f"{text.rstrip()}\n\n{url}\n"


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A name that is none of ours stays as it was written."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def _values(estimate: Estimate, by: Brand) -> dict[str, str]:
    until = estimate.valid_until
    return {
        "client": estimate.client_name or estimate.client_company or estimate.client_email,
        "company": by.company,
        "number": estimate.label,
        "title": estimate.title,
        "total": f"{estimate.currency} {money(estimate.amounts.total, estimate.currency)}",
        "valid_until": date_format(until) if until else "further notice",
    }


def _url(estimate: Estimate) -> str:
    path = client_path(estimate)
    if path is None:
        raise Conflict("Its link was stored under a lost key. Revise it, then send the revision.")
    return f"{settings.SITE_URL}{path}"


def _as_html(text: str, url: str, language: str) -> str:
    link = format_html('<a href="{}">{}</a>', url, url)
    body = linebreaks(text, autoescape=True).replace(escape(url), link)
    return format_html(
        '<!doctype html><html lang="{}"><body dir="auto">{}</body></html>',
        language,
        SafeString(body),  # escaped above
    )

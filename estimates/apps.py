from estimates.choices import NEVER, YEARLY
from syteops.core import background
from syteops.core.modules import ModuleConfig
from syteops.lib.currencies import CODES
from syteops.lib.languages import MAX_LENGTH, PATTERN
from syteops.lib.pictures import ADDRESS_PATTERN

PLACEHOLDERS = (
    "Filled in: {client}, {company}, {number}, {title}, {total}, {valid_until}, and {link}, the "
    "address of the client's page."
)
MAIL_TEXT = """\
Hello {client},

here is our estimate {number}, {title}, over {total}.

Please read it, and approve or decline it, on this page:

{link}

It is valid until {valid_until}. You find it attached as a PDF as well.

{company}
"""
REMINDER_TEXT = """\
Hello {client},

our estimate {number}, {title}, over {total}, is valid until {valid_until}.

You can still approve or decline it on this page:

{link}

{company}
"""


class EstimatesConfig(ModuleConfig):
    name = "estimates"
    module_slug = "estimates"
    module_name = "Estimates"
    module_description = "Estimates that clients approve online."
    module_version = "1.0.0"
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "company_name": {
                "type": "string",
                "title": "Company name",
                "description": "Who the estimates are from, on the client's page. If empty: the "
                "name of the site.",
                "maxLength": 150,
                "default": "",
            },
            "logo": {
                "type": "string",
                "title": "Logo",
                "description": "On the client's page and the PDF. A PNG, JPEG, WebP or GIF "
                "picture; over the API a data: address of a PNG or JPEG.",
                "format": "picture",
                "pattern": ADDRESS_PATTERN,
                "maxLength": 60_000,
                "default": "",
            },
            "accent_color": {
                "type": "string",
                "title": "Colour",
                "description": "Of links and headings, such as #0b57a4. It is made darker or "
                "lighter where it could not be read. If empty: the usual one.",
                "pattern": "^(#[0-9a-fA-F]{6})?$",
                "maxLength": 7,
                "default": "",
            },
            "language": {
                "type": "string",
                "title": "Language of the estimates",
                "description": "In which they are written, unless one says otherwise, such as en "
                "or de-AT (BCP 47). It tells browsers, readers aloud and the PDF; nothing is "
                "translated.",
                "maxLength": MAX_LENGTH,
                "pattern": PATTERN,
                "default": "en",
            },
            "paper": {
                "type": "string",
                "title": "Paper",
                "description": "Of the PDF.",
                "enum": ["A4", "Letter"],
                "default": "A4",
            },
            "currency": {
                "type": "string",
                "title": "Currency of a new estimate",
                "description": "Where none is given (ISO 4217).",
                "enum": list(CODES),
                "default": "USD",
            },
            "tax_percent": {
                "type": "number",
                "title": "Tax on a new line item",
                "description": "In percent, where none is given.",
                "minimum": 0,
                "maximum": 100,
                "default": 0,
            },
            "valid_days": {
                "type": "integer",
                "title": "Days that an estimate is valid",
                "description": "Where no date is given; 0 is without end.",
                "minimum": 0,
                "maximum": 3650,
                "default": 30,
            },
            "sender_name": {
                "type": "string",
                "title": "Sender of e-mails to clients",
                "description": "The name beside the address EMAIL_FROM. If empty: the company.",
                "maxLength": 150,
                "default": "",
            },
            "reply_to": {
                "type": "string",
                "title": "Answers to e-mails go to",
                "description": "An e-mail address. If empty: to the sender's, EMAIL_FROM.",
                "format": "email",
                "maxLength": 254,
            },
            "mail_subject": {
                "type": "string",
                "title": "Subject of the e-mail with an estimate",
                "description": PLACEHOLDERS,
                "minLength": 1,
                "maxLength": 200,
                "default": "Estimate {number}: {title}",
            },
            "mail_text": {
                "type": "string",
                "title": "Text of that e-mail",
                "description": f"{PLACEHOLDERS} The estimate is attached as a PDF.",
                "minLength": 1,
                "maxLength": 5000,
                "default": MAIL_TEXT,
            },
            "reminder_days": {
                "type": "integer",
                "title": "Days before the last day to remind a client",
                "description": "Once, by e-mail, who was mailed the estimate and has not answered; "
                "0 is never.",
                "minimum": 0,
                "maximum": 365,
                "default": 0,
            },
            "reminder_subject": {
                "type": "string",
                "title": "Subject of the reminder",
                "description": PLACEHOLDERS,
                "minLength": 1,
                "maxLength": 200,
                "default": "Estimate {number} is valid until {valid_until}",
            },
            "reminder_text": {
                "type": "string",
                "title": "Text of the reminder",
                "description": f"{PLACEHOLDERS} The estimate is attached as a PDF.",
                "minLength": 1,
                "maxLength": 5000,
                "default": REMINDER_TEXT,
            },
            "number_prefix": {
                "type": "string",
                "title": "Beginning of estimate numbers",
                "description": "As EST in EST-2026-0001. Numbers already given stay.",
                "pattern": "^[A-Z][A-Z0-9]{0,9}$",
                "default": "EST",
            },
            "number_start": {
                "type": "integer",
                "title": "First number",
                "description": "From where they are counted, unless they are further already.",
                "minimum": 1,
                "maximum": 999_999_999,
                "default": 1,
            },
            "number_reset": {
                "type": "string",
                "title": "Counting begins again",
                "description": "Yearly, as in EST-2026-0001, or never, as in EST-0001.",
                "enum": [YEARLY, NEVER],
                "default": YEARLY,
            },
            "excerpt_length": {
                "type": "integer",
                "title": "Length of derived excerpts",
                "description": "Characters taken from the content where there is no excerpt.",
                "minimum": 40,
                "maximum": 400,
                "default": 160,
            },
        },
    }

    # Clients answer with the mail they got, and with it the link to all of the estimate. What is
    # written around the link can make an address of somebody else's of it, or ask for it.
    config_reads = dict.fromkeys(("reply_to", "mail_text", "reminder_text"), "estimates_items")

    def ready(self) -> None:
        from estimates import visits  # needs the models

        background.every(visits.INTERVAL, visits.flush)

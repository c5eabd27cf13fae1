"""What the admin is asked before an estimate is sent, answered or revised."""

from estimates.forms import ClientAnswerForm
from syteops.adminkit.confirmed_action import Question

SEND = Question(
    "Send to the client",
    "The estimate is frozen and gets a link of its own, which is mailed to the client with the "
    "PDF. Whoever has the link can approve or decline.",
    "Freeze and send",
    template="estimates/admin_mail.html",
)
CREATE_LINK = Question(
    "Create link",
    "The estimate is frozen and gets a link of its own. Give the link to the client: this site "
    "sends no e-mail to clients, until the settings EMAIL_URL and SITE_URL are there. Whoever has "
    "the link can approve or decline.",
    "Freeze and make the link",
)
RESEND = Question(
    "Send again",
    "The link and the PDF are mailed to the client once more.",
    "Send",
    template="estimates/admin_mail.html",
)
APPROVE = Question(
    "Approve for the client",
    "Records that the client approved. This cannot be taken back.",
    "Approve",
    form=ClientAnswerForm,
)
DECLINE = Question(
    "Decline for the client",
    "Records that the client declined. This cannot be taken back; a revision can be sent instead.",
    "Decline",
    form=ClientAnswerForm,
    danger=True,
)
COPY = Question(
    "Copy",
    "Makes a new draft under the next number, with the same work and client.",
    "Make a copy",
)
MAKE_TEMPLATE = Question(
    "Make a template",
    "Makes a template of it, without the client. Templates have a tab of their own, and are "
    "counted nowhere.",
    "Make a template",
)
USE_TEMPLATE = Question(
    "New from template",
    "Makes a new draft under the next number, as the template has it.",
    "Make a draft",
)
REVISE = Question(
    "Revise",
    "Makes a new draft of the same number that replaces this estimate. The client can no longer "
    "answer this one: its link says that a newer version replaces it.",
    "Make a new revision",
)

"""Slack: what happens on the site, told in a channel through an incoming webhook."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.conf import settings

from syteops.core.outbound import Answer, url_problem
from syteops.integrations.catalogue import (
    Destination,
    Integration,
    Message,
    SecretSpec,
    Setup,
    enter,
)
from syteops.integrations.messages import TEST_TEXT
from syteops.integrations.sending import deliver_json, post_json
from syteops.integrations.telling import Told, put_in_words, subject, types_schema

LONGEST_TEXT = 3000
"""Characters that Slack takes in the text of a section (Block Kit reference)."""
MOST_TEXT = 12_000
"""Characters of all sections together: Slack refuses a message that is much longer."""
MOST_BLOCKS = 50
_ROOM = 30  # characters, for the end
_MORE = "… and {} more."
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What Slack reads as bold, italic, struck out or code.
_MARKS = re.compile(r"[*_~`]")
_NOTHING = "\N{WORD JOINER}"


def escaped(text: str) -> str:
    """`text` as Slack shows it letter for letter: no mention, no link and no formatting in it.

    Mentions such as <!channel> and links are written in angle brackets, which are escaped as
    Slack's documentation has it. A mark with an invisible character beside it formats nothing.
    """
    safe = "".join(_ESCAPED.get(one, one) for one in text)
    return _MARKS.sub(rf"{_NOTHING}\g<0>{_NOTHING}", safe)


def body_of(lines: Sequence[Told]) -> dict[str, Any]:
    """The message that tells them, within Slack's limits; the last line says how many are left."""
    sections = list(_sections(lines))
    return {
        # What notifications show. `parse` and `link_names`: nothing in it becomes a mention.
        "text": escaped(subject(lines)),
        "parse": "none",
        "link_names": False,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": one, "verbatim": True}}
            for one in sections
        ],
    }


def _sections(lines: Sequence[Told]) -> Iterator[str]:
    """Texts of several lines each, as few as possible."""
    section, left, blocks = "", MOST_TEXT, MOST_BLOCKS - 1
    for index, one in enumerate(lines):
        line = _line(one)
        if len(section) + len(line) > LONGEST_TEXT - _ROOM:
            yield section
            section, blocks = "", blocks - 1
        if len(line) > left or not blocks:
            section += _MORE.format(len(lines) - index)
            break
        section, left = f"{section}{line}", left - len(line)
    yield section


def _line(one: Told) -> str:
    link = f" — <{escaped_url(one.url)}|open>" if one.url else ""
    return f"• {escaped(one.text)}{link}\n"


def escaped_url(url: str) -> str:
    """An address of our own as it stands in a link."""
    return "".join(_ESCAPED.get(one, one) for one in url).replace("|", "%7C")


def _send(setup: Setup, message: Message) -> Answer:
    lines = put_in_words(message.events)
    if not lines:
        return Answer(204)  # what was to be told has been erased
    return deliver_json(setup.secrets["webhook_url"], orjson.dumps(body_of(lines)))


def _destinations(config: dict[str, Any]) -> list[Destination]:
    return [Destination("", "Channel", tuple(config["types"]), together=True)]


def _send_test(setup: Setup) -> str:
    text = f"{settings.SITE_NAME}: {TEST_TEXT}"
    status = post_json(setup.secrets["webhook_url"], orjson.dumps({"text": text}))
    return f"Slack answered {status}. Look into the channel."


enter(
    Integration(
        slug="slack",
        name="Slack",
        category="messaging",
        description=(
            "Tells what happens on the site in a Slack channel, through an incoming webhook: who "
            "did what to which object."
        ),
        stops="No more messages are posted to the channel.",
        config_schema={
            "type": "object",
            "properties": {"types": types_schema()},
            "additionalProperties": False,
        },
        secrets=(
            SecretSpec(
                "webhook_url",
                "Incoming webhook",
                "Its address (https://hooks.slack.com/services/…). Whoever knows it can post, so "
                "it is kept like a password.",
                problem_of=url_problem,
            ),
        ),
        send_test=_send_test,
        destinations=_destinations,
        send=_send,
    )
)

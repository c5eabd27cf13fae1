"""Secrets in what people and tools send: how long they may be, and what only stands for one."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

LONGEST_SECRET = 4096
HIDDEN = "•••"
SENT_BACK = "This is a mask. Send the secret itself."
_SHORTEST_PART = 6
_MASK = re.compile(r"[*•●·∙x.…#-]{3,}|.*(\*{3,}|•{2,}|●{2,}).*|som_\w{0,12}…\w*", re.I | re.S)


def is_mask(text: str) -> bool:
    """Whether it is what some page shows in place of a secret. For texts of bounded length."""
    return _MASK.fullmatch(text) is not None


def hide(text: str, secrets: Iterable[str]) -> str:
    """`text` without these secrets, also as JSON, HTML and addresses write them.

    Of an address, what is behind the host is secret as well: servers repeat it to say that there is
    no such page, or n8n its last part to say that no workflow listens.
    """
    parts = {part for one in secrets if one for part in (one, *_parts_of_address(one))}
    forms = {form for one in parts for form in _forms(one)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _parts_of_address(secret: str) -> Iterator[str]:
    """What a server may repeat of it. Words in it, such as `services`, are none of its secrets."""
    if not (address := re.fullmatch(r"https?://[^/?#]*[/?#](.+)", secret, re.I | re.S)):
        return
    behind = address[1].strip("/")
    *words, last = re.split(r"[/?&=#]", behind)
    telling = (one for one in words if not one.isalpha())
    for part in (behind, last, *telling):
        yield from {one for one in (part, unquote(part)) if len(one) >= _SHORTEST_PART}


def _forms(secret: str) -> Iterator[str]:
    for as_json in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (as_json, as_json.replace("/", r"\/"))  # as PHP writes it
    yield from (secret, html.escape(secret), quote(secret), quote(secret, safe=""))

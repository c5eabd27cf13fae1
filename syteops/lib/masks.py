"""Secrets in what people and tools send: how long they may be, and what only stands for one."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

LONGEST_SECRET = 4096
HIDDEN = "•••"
SENT_BACK = "This is a mask. Send the secret itself."
_MASK = re.compile(r"[*•●·∙x.…#-]{3,}|.*(\*{3,}|•{2,}|●{2,}).*|som_\w{0,12}…\w*", re.I | re.S)


def is_mask(text: str) -> bool:
    """Whether it is what some page shows in place of a secret. For texts of bounded length."""
    return _MASK.fullmatch(text) is not None


def hide(text: str, secrets: Iterable[str]) -> str:
    """`text` without these secrets, also as JSON, HTML and addresses write them."""
    forms = {form for one in secrets if one for form in _forms(one)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _forms(secret: str) -> Iterator[str]:
    for as_json in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (as_json, as_json.replace("/", r"\/"))  # as PHP writes it
    yield from (secret, html.escape(secret), quote(secret), quote(secret, safe=""))

"""Secrets as people and tools send them: how long they may be, and what only stands for one."""

import re

LONGEST_SECRET = 4096
SENT_BACK = "This is a mask. Send the secret itself."
_MASK = re.compile(r"[*•●·∙x.…#-]{3,}|.*(\*{3,}|•{2,}|●{2,}).*|som_\w{0,12}…\w*", re.I | re.S)


def is_mask(text: str) -> bool:
    """Whether it is what some page shows in place of a secret. For texts of bounded length."""
    return _MASK.fullmatch(text) is not None

"""Templates as they are read from disk, without the blank space that only indents them.

A page has some 20 kB of it, which a browser shows as nothing. It is taken out when a template is
compiled, which costs no request anything.
"""

import re
from typing import Any

from django.template.loaders import app_directories, filesystem

# Within these, blank space is text: what is shown as it is written, and what is looked up in a
# catalogue of translations.
_AS_WRITTEN = r"<(?P<tag>pre|textarea|script|style)\b.*?</(?P=tag)>"
_TRANSLATED = r"\{%\s*blocktrans.*?\{%\s*endblocktrans"
_INDENTED = re.compile(rf"(?P<kept>{_AS_WRITTEN}|{_TRANSLATED})|\n\s+", re.DOTALL)


def without_indents(template: str) -> str:
    """The same page in fewer characters: of blank space with a line break, only the break."""
    return _INDENTED.sub(lambda match: match["kept"] or "\n", template)


class _Dense:
    def get_contents(self, origin: Any) -> str:
        contents: str = super().get_contents(origin)  # type: ignore[misc]
        return without_indents(contents) if origin.name.endswith(".html") else contents


class FilesystemLoader(_Dense, filesystem.Loader):
    """Those of the project."""


class AppDirectoriesLoader(_Dense, app_directories.Loader):
    """Those of the apps."""

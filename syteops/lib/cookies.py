"""The `Cookie` header of strangers, read in linear time."""

import re

_ESCAPED = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def read_cookies(header: str) -> dict[str, str]:
    """Every cookie by its name, as Django reads them.

    Older releases of Python take quadratic time for one with many backslashes, such as twenty
    seconds for a header that a server still accepts (CVE-2024-7592).
    """
    found = {}
    for part in header.split(";"):
        name, sign, value = part.partition("=")
        name, value = (name.strip(), value.strip()) if sign else ("", name.strip())
        if name or value:
            found[name] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return _ESCAPED.sub(_character, value[1:-1]) if is_quoted else value


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 8)) if escape[1] else escape[2]

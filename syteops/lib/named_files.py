"""Files that an address of a server names in its options, such as certificates."""

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from syteops.lib.plain_files import opener

_OPTIONS = frozenset(
    {"sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"}  # of libpq
    | {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}  # of Redis
)
_NO_FILE = "system"  # the certificates that the machine trusts


def with_whole_paths(address: str, base: Path) -> str:
    """The same address, in which a path below `base` is a whole one, wherever it is used.

    Raises OSError for a file that cannot be read. libpq verifies nobody where that of
    `sslrootcert` is missing, and waits for ever at a named pipe.
    """
    before, _, query = address.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    whole = [(name, _whole(name, value, base)) for name, value in options]
    return address if whole == options else f"{before}?{urlencode(whole, quote_via=quote)}"


def _whole(name: str, value: str, base: Path) -> str:
    if name not in _OPTIONS or value in ("", _NO_FILE) or ":" in value:  # of a device for keys
        return value
    path = str(base / value)
    with open(path, "rb", opener=opener):
        return path

"""Secrets that can be recognised wherever they turn up, and the search for them."""

import base64
import codecs
import hashlib
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Canary:
    """One secret. `core` is the random part, which survives quoting and escaping as it is."""

    door: str
    core: str
    text: str


# Different doors take different forms of secret. The first that is taken is used; the signs in it
# would show who quotes or escapes and then forgets to hide.
FORMS: tuple[Callable[[str], str], ...] = (
    lambda core: f"Cny/{core}+=&<\"'>\\%ü",
    lambda core: f"Cny/{core}+=&<\"'>\\%",
    lambda core: f"cny-{core}",
    lambda core: f"https://hooks.example.com/services/{core}",
    lambda core: f"https://{core}@o1.ingest.example.com/1",
)


def forms_of(door: str) -> Iterator[Canary]:
    """Canaries for a door, the most revealing form first."""
    for form in FORMS:
        core = secrets.token_hex(12)
        yield Canary(door, core, form(core))


def whsec(door: str) -> Canary:
    """A signing secret of Standard Webhooks: its random part is Base64."""
    core = base64.b64encode(secrets.token_bytes(30)).decode()
    return Canary(door, core, f"whsec_{core}")


class Search:
    """Looks for canaries in anything, in any encoding that somebody could have thought of.

    There are thousands of needles, and a hundred megabytes of log. But a needle of 15 bytes or more
    covers a whole aligned word of 8 bytes wherever it lies: so content none of whose words is part
    of a needle holds none, and that is told in one pass.
    """

    def __init__(self) -> None:
        self.needles: dict[bytes, str] = {}
        self.found: set[str] = set()
        self.searched: dict[str, int] = {}
        self._words: set[int] = set()

    def expect_nowhere(self, canary: Canary) -> None:
        for name, needle in _spellings(canary):
            assert len(needle) >= 2 * _WORD - 1, name
            self.needles[needle] = f"{canary.door} as {name}"
            self._words.update(
                int.from_bytes(needle[at : at + _WORD], sys.byteorder)
                for at in range(len(needle) - _WORD + 1)
            )

    def look(self, where: str, content: bytes | str) -> None:
        """Note every canary in `content`."""
        data = content.encode() if isinstance(content, str) else content
        self.searched[where] = self.searched.get(where, 0) + len(data)
        words = memoryview(data)[: len(data) // _WORD * _WORD].cast("Q")
        if self._words.isdisjoint(words):
            return
        for needle, name in self.needles.items():
            if needle in data:
                self.found.add(f"{name} in {where}")


_WORD = 8


def _spellings(canary: Canary) -> Iterator[tuple[str, bytes]]:
    core = canary.core.encode()
    yield "it is", core
    yield "upper case", core.upper()
    yield "reversed", core[::-1]
    yield "UTF-16", canary.core.encode("utf-16-le")
    yield "ROT13", codecs.encode(canary.core, "rot13").encode()
    yield "Base32", base64.b32encode(core)[:16]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):  # what stands before it decides how it is cut into groups
            yield "Base64", encode(b"x" * shift + core)[4:-4]
    yield "hex", core.hex().encode()
    yield "upper-case hex", core.hex().upper().encode()
    yield "percent-encoding", "".join(f"%{byte:02x}" for byte in core).encode()
    yield "numeric entities", "".join(f"&#{byte};" for byte in core).encode()
    yield "JSON escapes", "".join(f"\\u{byte:04x}" for byte in core).encode()
    for name in ("md5", "sha1", "sha256"):
        for plain in (core, canary.text.encode()):
            digest = hashlib.new(name, plain)
            yield name, digest.hexdigest().encode()
            yield f"raw {name}", digest.digest()
            yield f"Base64 {name}", base64.b64encode(digest.digest()).rstrip(b"=")

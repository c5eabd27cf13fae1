"""One call of one operation, whichever door it came through, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.request import Request

from syteops.core.addresses import absolute_address
from syteops.core.impacts import bounded


class ManageRequest(Request):
    """A request of the API. Addresses that it tells others begin with SITE_URL, if that is set:
    DRF's fields, such as those of pictures, ask it for them."""

    def build_absolute_uri(self, location: str | None = None) -> str:
        """As Django's own does it without SITE_URL."""
        if location is None:
            return str(self._request.build_absolute_uri())
        return absolute_address(self._request, location)


class CallRequest(ManageRequest):
    """A request made within another: by the same caller, with `data` of its own.

    Dispatch and bulk hand it to the viewset, which runs the same method as over REST.
    """

    def __init__(self, outer: Request, data: Mapping[str, Any]) -> None:
        super().__init__(outer._request)
        self.user, self.auth = outer.user, outer.auth
        self._call_data = data

    @property
    def data(self) -> Any:
        return self._call_data


@dataclass(frozen=True)
class Call:
    """What a caller sent for one operation.

    `input` is not validated yet; `is_text` tells that it came in a query string, where numbers and
    booleans are texts.
    """

    input: Mapping[str, Any]
    is_text: bool = False
    confirm: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Document:
    """A read's answer that is no JSON: itself over REST, a string of text in an envelope."""

    text: str
    media_type: str


@dataclass
class Result:
    """What came of a call."""

    data: Any
    changed: bool = False
    changes: list[dict[str, Any]] = field(default_factory=list)
    impact: dict[str, Any] | None = None
    consequences: dict[str, Any] = field(default_factory=dict)
    etag: str = ""
    body: bytes = b""
    media_type: str = "application/json"
    dry_run: bool = False
    replayed: bool = False

    @property
    def told_changes(self) -> dict[str, Any]:
        """The changes as an answer tells them: the first, and of many how many there are."""
        return bounded({"changes": self.changes})

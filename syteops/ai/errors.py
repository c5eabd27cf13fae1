"""Why an area's AI did not answer. The text says what to do about it."""

from syteops.core.errors import DomainError


class AiUnavailable(DomainError):
    """The area is switched off, or lacks a provider, a model or a key. Nothing was sent."""


class AiFailed(DomainError):
    """The provider was asked and gave no usable answer.

    `billable` tells whether it may have counted tokens all the same.
    """

    def __init__(self, detail: str, *, billable: bool) -> None:
        super().__init__(detail)
        self.billable = billable


class AiRefused(AiFailed):
    """The provider answered with another status than 200. That costs nothing."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail, billable=False)
        self.status = status

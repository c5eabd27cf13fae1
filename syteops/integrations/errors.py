"""What can go wrong when something is sent."""

from syteops.core.errors import DomainError


class DeliveryFailed(DomainError):
    """The receiver could not be reached or did not accept. Tells nothing of what was sent."""

"""The client's link: whoever has it may see the estimate, and answer it."""

from django.urls import reverse

from estimates.models import Estimate
from syteops.core.encryption import UnsealError, open_sealed


def client_path(estimate: Estimate) -> str | None:
    """Where on this site the client's page is; None while there is none.

    None also for a link whose token was sealed under a lost key: it still works for the client.
    """
    try:
        token = open_sealed(estimate, "link_token")
    except UnsealError:
        return None
    return token and reverse("estimates:client", args=[token])

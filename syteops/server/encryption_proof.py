"""A known text under the site's encryption keys, so that lost keys are noticed at once.

Without it a site with the wrong keys looks healthy until somebody needs a stored secret.
"""

from enum import StrEnum

from django.db import transaction

from syteops.core.encryption import KeysAway, UnsealError, open_sealed, ring, seal
from syteops.server.models import EncryptionProof

_NAME = "site"
_TEXT = "These are the encryption keys of this site."


class Proof(StrEnum):
    """What the proof says about the keys."""

    OPENS = "opens"
    MISSING = "missing"
    CLOSED = "closed"


def read_proof() -> Proof:
    """Whether the present keys open what was sealed here before."""
    row = EncryptionProof.objects.filter(name=_NAME).first()
    if row is None:
        return Proof.MISSING
    try:
        return Proof.OPENS if open_sealed(row, "sealed") == _TEXT else Proof.CLOSED
    except (UnsealError, KeysAway):
        return Proof.CLOSED


@transaction.atomic
def write_proof() -> None:
    """Seals the known text under the present keys, unless there is a proof already."""
    ring()  # makes the keys of a new site: once there is a proof, none are made
    row, created = EncryptionProof.objects.get_or_create(name=_NAME)
    if created:
        row.sealed = seal(row, "sealed", _TEXT)
        row.save(update_fields=["sealed"])

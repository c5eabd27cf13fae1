"""What a page says of a secret, which it never shows: whether there is one, and if it works."""

from typing import Any

from syteops.adminkit.moments import in_full
from syteops.core.encryption import KeysAway, SecretState, secret_state


def state_in_words(instance: Any, field: str, cure: str = "Set it again.") -> str:
    """What stands in that sealed field of the object; `cure` is what helps where it is unreadable.

    The column `<field>_set_at` says since when.
    """
    try:
        state = secret_state(instance, field)
    except KeysAway:
        return "Set, and unreadable as long as the encryption keys are missing. Restore their file."
    if state is SecretState.NONE:
        return "Not set"
    since = f"Set on {in_full(getattr(instance, f'{field}_set_at'))}"
    return since if state is SecretState.READABLE else f"{since}, and unreadable: {_WHY} {cure}"


_WHY = (
    "the encryption key that it was stored with is gone, or something else was written into the "
    "database."
)

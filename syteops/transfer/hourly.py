"""What this app has done once an hour."""

from syteops.core.actors import Actor
from syteops.core.hourly import hourly
from syteops.transfer.uploads import forget_imports


@hourly("forget_imports")
def forget_old_imports(actor: Actor) -> None:
    """Delete files that were never imported."""
    forget_imports()

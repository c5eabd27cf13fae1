"""What this app has done once an hour."""

from syteops.core.actors import Actor
from syteops.core.hourly import hourly
from syteops.transfer.downloads import forget_downloads
from syteops.transfer.uploads import forget_imports


@hourly("forget_imports")
def forget_old_imports(actor: Actor) -> None:
    """Delete files that were never imported, and those that were made to be fetched."""
    forget_imports()
    forget_downloads()

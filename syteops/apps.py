"""The project itself as a Django app: its system checks."""

import gc

from django.apps import AppConfig


class SyteOpsConfig(AppConfig):
    """Registers the system checks."""

    name = "syteops"
    verbose_name = "SyteOps"

    def ready(self) -> None:
        from syteops import checks  # noqa: F401 - importing them registers them

        gc.freeze()  # what is loaded stays, and need not be walked once
        gc.enable()  # manage.py has disabled it

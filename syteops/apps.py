"""The project itself as a Django app: its system checks."""

import gc

from django.apps import AppConfig


class SyteOpsConfig(AppConfig):
    """Registers the system checks."""

    name = "syteops"
    verbose_name = "SyteOps"

    def ready(self) -> None:
        from syteops import checks  # noqa: F401 - importing them registers them

        gc.enable()  # manage.py has disabled it

"""The project itself as a Django app: its system checks, and what follows every `migrate`."""

import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class SyteOpsConfig(AppConfig):
    """Registers the system checks, and has the indexes of texts built."""

    name = "syteops"
    verbose_name = "SyteOps"

    def ready(self) -> None:
        from syteops import checks  # noqa: F401 - importing them registers them
        from syteops.core.text_index import build_text_indexes, drop_text_indexes

        pre_migrate.connect(drop_text_indexes)
        post_migrate.connect(build_text_indexes)

        gc.freeze()  # what is loaded stays, and need not be walked once
        gc.enable()  # manage.py has disabled it

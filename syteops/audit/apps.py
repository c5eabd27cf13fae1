from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "syteops.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        """Import the `undo` module of every installed app."""
        autodiscover_modules("undo")

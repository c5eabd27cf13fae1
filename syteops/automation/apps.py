from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AutomationConfig(AppConfig):
    name = "syteops.automation"
    verbose_name = "Automation variables"

    def ready(self) -> None:
        """Import the `variables` module of every installed app."""
        autodiscover_modules("variables")

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AutomationConfig(AppConfig):
    name = "syteops.automation"
    guide = "variables"
    verbose_name = "Automation variables"

    def ready(self) -> None:
        """Import the `variables` module of every installed app, and watch what changes alter."""
        from syteops.automation import foresight  # noqa: F401 - importing it registers it

        autodiscover_modules("variables")

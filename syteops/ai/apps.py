from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AiConfig(AppConfig):
    name = "syteops.ai"
    label = "ai"
    verbose_name = "AI settings"

    def ready(self) -> None:
        """Import the `ai` module of every installed app: it registers the app's areas."""
        autodiscover_modules("ai")

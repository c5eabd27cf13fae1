from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class HistoryConfig(AppConfig):
    name = "syteops.history"

    def ready(self) -> None:
        """Import the `undo` module of every installed app."""
        autodiscover_modules("undo")

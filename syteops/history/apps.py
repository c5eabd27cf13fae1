from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class HistoryConfig(AppConfig):
    name = "syteops.history"

    def ready(self) -> None:
        """Import the `undo` module of every installed app, and our own for what stands below us."""
        autodiscover_modules("undo", "undo_of_access")

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TeamConfig(AppConfig):
    name = "syteops.team"

    def ready(self) -> None:
        """Import the `erasure` module of every installed app."""
        autodiscover_modules("erasure")

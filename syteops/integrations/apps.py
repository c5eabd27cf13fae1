from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class IntegrationsConfig(AppConfig):
    name = "syteops.integrations"

    def ready(self) -> None:
        """Fill the catalogue: our own, then the `integrations` module of every installed app."""
        from syteops.integrations import first_party

        first_party.load()
        autodiscover_modules("integrations")

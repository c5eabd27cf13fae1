from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ManageApiConfig(AppConfig):
    name = "manage_api"
    verbose_name = "Manage API"

    def ready(self) -> None:
        """Import the `api` module of every installed app, as admin does with `admin`."""
        autodiscover_modules("api")

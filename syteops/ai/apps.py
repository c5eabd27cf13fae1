from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AiConfig(AppConfig):
    name = "syteops.ai"
    verbose_name = "AI settings"

    def ready(self) -> None:
        """Import the `ai` module of every installed app: it registers the app's areas."""
        autodiscover_modules("ai")
        post_migrate.connect(_add_missing_settings, sender=self)


def _add_missing_settings(*, apps: Any = apps, **kwargs: Any) -> None:
    from syteops.ai.services import add_missing_settings

    try:
        add_missing_settings(apps.get_model("ai", "AiAreaSettings"))
    except LookupError:
        """Migrated back to nothing: there is no such table now."""

from django.apps import AppConfig


class ModulesConfig(AppConfig):
    name = "syteops.modules"

    def ready(self) -> None:
        """Register the checks of what modules say about themselves."""
        from syteops.modules import checks  # noqa: F401 - importing them registers them

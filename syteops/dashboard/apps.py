from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DashboardConfig(AppConfig):
    name = "syteops.dashboard"
    verbose_name = "Start page and status"

    def ready(self) -> None:
        autodiscover_modules("start_page")

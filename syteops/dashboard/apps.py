from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DashboardConfig(AppConfig):
    name = "syteops.dashboard"
    verbose_name = "Start page and status"

    def ready(self) -> None:
        import_module("syteops.dashboard.trail")  # puts ours in place of the theme's
        autodiscover_modules("start_page")

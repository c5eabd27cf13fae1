from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "syteops.dashboard"
    verbose_name = "Start page and status"

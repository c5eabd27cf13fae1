from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "syteops.dashboard"
    label = "dashboard"
    verbose_name = "Start page and status"

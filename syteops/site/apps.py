from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "syteops.site"
    guide = "running"

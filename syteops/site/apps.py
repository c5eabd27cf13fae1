from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "syteops.site"
    label = "site"
    verbose_name = "Site"

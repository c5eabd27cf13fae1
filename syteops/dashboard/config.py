"""The admin as an app: Django's, with our site in place of the default one."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` a `SyteOpsAdminSite`."""

    default_site = "syteops.dashboard.site.SyteOpsAdminSite"

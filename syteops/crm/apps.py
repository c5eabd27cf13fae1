from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "syteops.crm"
    verbose_name = "CRM systems"

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "syteops.audit"
    label = "audit"
    verbose_name = "Audit"

from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    name = "syteops.invitations"
    verbose_name = "Invitations"

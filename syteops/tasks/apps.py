from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "syteops.tasks"
    label = "tasks"
    verbose_name = "Background tasks"

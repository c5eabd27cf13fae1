from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "syteops.tasks"
    guide = "running"
    label = "tasks"
    verbose_name = "Background tasks"

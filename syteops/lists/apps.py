from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "syteops.lists"
    label = "lists"

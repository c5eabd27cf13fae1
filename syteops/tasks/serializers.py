"""How a task looks over the Manage API."""

from typing import Any

from rest_framework import serializers

from manage_api.fields import MomentField

STATUSES = ("waiting", "running", "succeeded", "failed")


class TaskProblemSerializer(serializers.Serializer[Any]):
    """Why a task failed."""

    code = serializers.CharField(help_text="As in a refusal: see the error codes.")
    detail = serializers.CharField()


class TaskSerializer(serializers.Serializer[Any]):
    """A task that somebody waits for."""

    id = serializers.UUIDField()
    title = serializers.CharField(help_text="What is done.")
    status = serializers.ChoiceField(choices=STATUSES)
    resource = serializers.CharField(help_text="Of the object that it is about.")
    object = serializers.CharField(source="object_id", help_text="Its identifier.")
    begun_at = MomentField()
    ended_at = MomentField(allow_null=True)
    told = serializers.CharField(help_text="What came of it, in words; blank until it succeeded.")
    problem = TaskProblemSerializer(allow_null=True, help_text="null: it has not failed.")

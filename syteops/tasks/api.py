"""What became of the tasks that somebody waits for, over the Manage API."""

from typing import Any

import manage_api
from manage_api.base import PathParam
from manage_api.operations import find
from manage_api.permissions import allowed_operations
from manage_api.viewsets import RetrieveMixin
from syteops.core.errors import NotFound
from syteops.core.identifiers import UUID
from syteops.tasks.jobs import problem_of, status_of
from syteops.tasks.models import Job
from syteops.tasks.serializers import TaskSerializer


@manage_api.register("tasks", resource="tasks")
class TaskViewSet(RetrieveMixin):
    about = "Work that goes on after the answer, and how far it is."
    title = "Tasks"
    queryset = Job.objects.all()
    serializer_class = TaskSerializer
    lookup_url_kwarg = "id"
    lookup_help = PathParam("The task's id.", UUID)
    why_read_only = "Tasks are begun by what needs them."
    summaries = {"retrieve": "Read a background task"}
    descriptions = {
        "retrieve": "How far it is, and what came of it. For whoever began it, and for who may "
        "read the object that it is about. Kept for thirty days.",
    }

    @classmethod
    def permission_name(cls, verb: str) -> str:
        return f"tasks.{verb}_backgroundtask"

    def get_object(self) -> Any:
        job = Job.objects.filter(pk=self.kwargs["id"]).first()
        # To others it does not exist: not even that there is such a task is theirs to know.
        if job is None or not self._sees(job):
            raise NotFound("There is no such task, or it is not kept any more.")
        return {**vars(job), "status": status_of(job), "problem": problem_of(job)}

    def _sees(self, job: Job) -> bool:
        principal = self.principal
        if (job.actor["kind"], job.actor["id"]) == (principal.kind, principal.id):
            return True
        reader = find(job.resource, "get")
        return bool(reader and allowed_operations(principal, [reader]))

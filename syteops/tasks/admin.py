from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django_tasks_db.models import DBTaskResult
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question
from syteops.adminkit.moments import exact_moment
from syteops.adminkit.shown_words import among_few, by_texts
from syteops.adminkit.strict import DetailAdmin
from syteops.core.errors import DomainError
from syteops.core.tasks import TaskResultStatus
from syteops.tasks import services
from syteops.tasks.models import BackgroundTask
from syteops.tasks.progress import PAGE, show_progress
from syteops.tasks.queries import name_of, reason_of

MAY_RESTART = "tasks.restart_backgroundtask"

RESTART = Question(
    "Run again",
    "The task begins anew, as it was asked for. Whatever it did before it failed stays done.",
    "Run again",
)
_STATES = {
    TaskResultStatus.READY: "Waiting",
    TaskResultStatus.RUNNING: "Running",
    TaskResultStatus.FAILED: "Failed",
    TaskResultStatus.SUCCESSFUL: "Done",
}

MOST_FAILED = 1000
"""So many of the latest are searched for why they failed."""


def _kinds() -> Iterator[tuple[str, Q]]:
    paths = BackgroundTask.objects.order_by().values_list("task_path", flat=True).distinct()
    for path_of_one in paths:
        yield name_of(path_of_one), Q(task_path=path_of_one)


# The library's own page shows arguments and raw tracebacks to everybody who may see it.
admin.site.unregister(DBTaskResult)


@admin.register(BackgroundTask)
class BackgroundTaskAdmin(DetailAdmin):
    what_for = (
        "What the site does in the background, such as sending e-mail and asking an AI "
        "provider, is listed here while it waits, and for some days afterwards."
    )
    icon = "schedule"
    resource = services.RESOURCE
    list_display = ("what", "state", "enqueued", "why")
    list_filter = (("status", ChoicesDropdownFilter),)
    list_filter_submit = True
    has_objects_in_palette = False
    search_fields = ("=task_path",)
    search_help_text = "What it does, its state or why it failed"
    shown_words = {
        "what": by_texts(_kinds),
        "state": by_texts(lambda: [(text, Q(status=one)) for one, text in _STATES.items()]),
        "why": among_few(lambda: DBTaskResult.objects.failed()[:MOST_FAILED], reason_of),
    }
    ordering = ("-enqueued_at",)
    actions = None

    @admin.display(description="What")
    def what(self, task: BackgroundTask) -> str:
        return name_of(task.task_path)

    @display(  # type: ignore[untyped-decorator]
        description="State",
        ordering="status",
        label={"Waiting": "info", "Running": "warning", "Failed": "danger", "Done": "success"},
    )
    def state(self, task: BackgroundTask) -> str:
        return _STATES[TaskResultStatus(task.status)]

    @admin.display(description="Asked for", ordering="enqueued_at")
    def enqueued(self, task: BackgroundTask) -> str:
        return exact_moment(task.enqueued_at)

    @admin.display(description="Why")
    def why(self, task: BackgroundTask) -> str:
        return reason_of(task)

    def show(self, request: HttpRequest, task: BackgroundTask) -> HttpResponse:
        """One task. Its arguments and its traceback are for superusers."""
        context = {
            "task": task,
            "state": self.state(task),
            "why": reason_of(task),
            "may_restart": _is_failed(task) and request.user.has_perm(MAY_RESTART),
        }
        return self.page(request, "admin/tasks/task.html", name_of(task.task_path), **context)

    def get_urls(self) -> list[URLPattern]:
        view, job = self.admin_site.admin_view, partial(show_progress, self)
        return [
            path("<uuid:task_id>/restart/", view(self.restart_view), name=self.url_name("restart")),
            path("jobs/<uuid:job_id>/", view(job), name=PAGE),
            *super().get_urls(),
        ]

    def restart_view(self, request: HttpRequest, task_id: Any) -> HttpResponse:
        """Asks before it runs a task again; only a POST does it."""
        if not (self.has_view_permission(request) and request.user.has_perm(MAY_RESTART)):
            raise PermissionDenied
        task = self.get_object(request, str(task_id))
        if task is None:
            raise Http404("There is no such task any more.")
        back = self.url_to("change", task.pk)
        if request.method == "POST":
            self._restart(request, task)
            return HttpResponseRedirect(back)
        context = {"question": RESTART, "object": task, "back": back}
        return self.page(request, "admin/confirm_action.html", RESTART.title, **context)

    def _restart(self, request: HttpRequest, task: BackgroundTask) -> None:
        try:
            services.restart_task(admin_actor(request, "tasks.restart"), task)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "The task waits for a worker now.")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A task has no history of its own: the trail has what people did with it."""
        raise PermissionDenied


def _is_failed(task: BackgroundTask) -> bool:
    return bool(task.status == TaskResultStatus.FAILED)

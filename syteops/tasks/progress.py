"""The page on which a person waits for a job, and which then leads back with what became of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from syteops.core.actors import ActorKind
from syteops.tasks.jobs import problem_of, progress_of, status_of
from syteops.tasks.models import Job

PAGE = "tasks_backgroundtask_job"
IS_OVER = ("succeeded", "failed")
_TEXTS = {"waiting": "Waiting for its turn …", "running": "At work …"}


def page_to_wait_on(job: Job) -> HttpResponse:
    """Leads there."""
    return HttpResponseRedirect(reverse(f"admin:{PAGE}", args=[job.pk]))


def show_progress(admin: Any, request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The page while the job goes on; afterwards back, with a message. Only for who began it.

    A script asks with `?state` whether it is over; without scripts the page loads itself again.
    """
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not _began(request.user, job):
        raise Http404("There is no such job.")
    status = status_of(job)
    told = {"text": _TEXTS.get(status, ""), "percent": progress_of(job)}
    if "state" in request.GET:
        return JsonResponse({"over": status in IS_OVER, **told})
    if status not in IS_OVER:
        context = {"job": job, **told}
        page: HttpResponse = admin.page(request, "admin/tasks/progress.html", job.title, **context)
        return page
    if problem := problem_of(job):
        messages.error(request, problem["detail"])
    else:
        messages.success(request, job.told or "Done.")
        request.told_of = job  # type: ignore[attr-defined]  # what it changed can be undone
    return HttpResponseRedirect(job.back)


def _began(user: Any, job: Job) -> bool:
    return bool(job.actor["kind"] == ActorKind.PERSON and job.actor["id"] == str(user.pk))

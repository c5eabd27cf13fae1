"""The result of a call as an answer over REST."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import concurrency
from manage_api.calls import Result
from manage_api.views import address_of

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet


def rest_answer(view: "ManageViewSet", result: Result) -> HttpResponse:
    """The answer of the viewset `view`, with status and headers.

    What is rendered already needs no renderer, which DRF's `Response` looks for.
    """
    operation = view.operation
    if not operation.writes:
        answer = read_answer(view.request, result)
        if operation.documents:
            answer.headers["Vary"] = "Accept"
        return answer
    if result.dry_run:
        shown = {"dry_run": True, "changed": result.changed, "data": result.data}
        told = {**result.told_changes, "impact": result.impact, **result.consequences}
        tried = Response({**shown, **told})
        add_write_headers(tried, result)
        return tried
    response = HttpResponse(result.body, result.media_type, operation.status)
    add_write_headers(response, result)
    if location := view.location_of(result.data):
        response["Location"] = address_of(location)
    return response


def add_write_headers(response: HttpResponse, result: Result) -> None:
    """What every answer to a write says in its headers."""
    stored = result.changed and not result.dry_run
    response["SyteOps-Changed"] = "true" if stored else "false"
    if result.etag and not result.dry_run:
        response["ETag"] = result.etag
    if result.replayed:
        response["Idempotent-Replayed"] = "true"


def read_answer(request: Request, result: Result) -> HttpResponse:
    """The answer to a read; 304 to a caller who has it."""
    if concurrency.is_fresh(request, result.etag):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
    else:
        response = HttpResponse(result.body, result.media_type)
    response.headers["ETag"] = result.etag
    return response

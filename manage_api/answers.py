"""The result of a call as an answer over REST."""

from functools import partial
from typing import TYPE_CHECKING

from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import concurrency
from manage_api.calls import Result
from manage_api.views import address_of

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet


def rest_answer(view: "ManageViewSet", result: Result) -> Response:
    """The answer of the viewset `view`, with status and headers."""
    operation = view.operation
    if not operation.writes:
        answer = read_answer(view.request, result)
        if operation.documents:
            patch_vary_headers(answer, ("Accept",))
        return answer
    if result.dry_run:
        shown = {"dry_run": True, "changed": result.changed, "data": result.data}
        told = {"changes": result.changes, "impact": result.impact, **result.consequences}
        response = Response({**shown, **told})
        add_write_headers(response, result)
        return response
    response = Response(result.body, operation.status)
    add_write_headers(response, result)
    if location := view.location_of(result.data):
        response["Location"] = address_of(location)
    return response


def add_write_headers(response: Response, result: Result) -> None:
    """What every answer to a write says in its headers."""
    stored = result.changed and not result.dry_run
    response["SyteOps-Changed"] = "true" if stored else "false"
    if result.etag and not result.dry_run:
        response["ETag"] = result.etag
    if result.replayed:
        response["Idempotent-Replayed"] = "true"


def _say_type(response: Response, media_type: str) -> None:
    """Name the type of an empty document. DRF leaves that of an empty body out."""
    response["Content-Type"] = media_type


def read_answer(request: Request, result: Result) -> Response:
    """The answer to a read; 304 to a caller who has it."""
    fresh = concurrency.is_fresh(request, result.etag)
    response = Response(None, 304) if fresh else Response(result.body)
    response.content_type = result.media_type
    if not fresh and not result.body:
        response.add_post_render_callback(partial(_say_type, media_type=result.media_type))
    response["ETag"] = result.etag
    return response

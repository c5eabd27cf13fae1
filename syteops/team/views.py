"""Uploaded pictures, for people who may see the members."""

import re

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from syteops.lib.plain_files import NoPlainFile
from syteops.team.queries import member_with_picture

# The names that `services` gives; anything else is no picture of ours.
_NAME = re.compile(r"team/[0-9a-f-]{36}/[0-9a-f]{32}\.(jpg|png)")
_CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


@require_safe
@staff_member_required
def picture(request: HttpRequest, name: str) -> FileResponse:
    """The picture of a member, by the name of its file. Only what we wrote ourselves is served.

    Raises PermissionDenied without `team.view_teammember`, whether there is such a picture or not.
    """
    if not request.user.has_perm("team.view_teammember"):
        raise PermissionDenied
    match = _NAME.fullmatch(name)
    member = member_with_picture(name) if match else None
    if match is None or member is None or not member.profile_picture.storage.exists(name):
        raise Http404
    try:
        file = member.profile_picture.open()
    except NoPlainFile:
        raise Http404 from None
    response = FileResponse(file, content_type=_CONTENT_TYPES[match[1]])
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Kept by nobody: whoever signs out or loses the right sees no more of it.
    response.headers["Cache-Control"] = "private, no-store"
    return response

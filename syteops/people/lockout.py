"""What a person sees who is locked out after too many failed sign-ins."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """The page that says so, in place of whatever was to be answered."""
    context = {
        **admin.site.each_context(request),
        "title": "Locked out",
        "hours": settings.AXES_COOLOFF_TIME,
        "too_many_codes": getattr(request, "too_many_codes", False),
    }
    return render(request, "admin/locked_out.html", context, status=429)

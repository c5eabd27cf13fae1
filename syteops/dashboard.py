"""The admin's start page and sidebar."""

from typing import Any

from django.http import HttpRequest


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return context


def environment_label(request: HttpRequest) -> list[str] | None:
    return None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    return []

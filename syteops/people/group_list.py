"""What the list of groups shows of each: how many people are in it, and what they may do."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html

from syteops.people import rights

_SHOWN = 3
"""Rights that the list has room for; the group's page has all of them."""


class GroupColumns(admin.ModelAdmin[Group]):
    """The columns. A group's people are counted for the rows of one page alone."""

    list_display = ("name", "people", "allows")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        inside = User.objects.filter(groups=OuterRef("pk")).order_by().values("groups")
        counted = inside.annotate(count=Count("pk")).values("count")
        found = super().get_queryset(request).annotate(people=Coalesce(Subquery(counted), 0))
        return found.prefetch_related("permissions__content_type")

    @admin.display(description="People", ordering="people")
    def people(self, group: Any) -> int:
        return int(group.people)

    @admin.display(description="May")
    def allows(self, group: Group) -> str | None:
        names = (f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.all())
        told = rights.in_words(names)
        more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        shown = "; ".join(told[:_SHOWN]) + more
        return format_html('<span title="{}">{}</span>', "; ".join(told), shown) if told else None

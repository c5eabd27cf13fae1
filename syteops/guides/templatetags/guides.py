"""`{% guide_link %}`: from every page of the admin to the guide about it."""

from typing import Any

from django import template

from syteops.guides.views import guide_for

register = template.Library()


@register.inclusion_tag("admin/guides/_link.html", takes_context=True)
def guide_link(context: template.Context) -> dict[str, Any]:
    """The link to the guide about the part of the admin that is shown; else to all of them."""
    request = context.get("request")
    return {"guide": guide_for(request) if request else None}

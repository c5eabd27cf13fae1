"""Where a page is, above it: the section that it belongs to, and then what one does there.

In place of the theme's trail, which names a section and its app alike ("Roles > Roles") and writes
the first letter of an identifier as a capital.
"""

from typing import Any

from django.contrib import admin
from django.template import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from unfold.templatetags.unfold import register

from syteops.core.sections import Section, section_of
from syteops.dashboard import other_options


@register.simple_tag(takes_context=True, name="header_title")  # type: ignore[untyped-decorator]
def trail(context: Context) -> str:
    """The links that lead back, and the title of the page."""
    title = str(context.get("title") or "")
    if context.get("cl"):
        title = capfirst(context["cl"].opts.verbose_name_plural)
    above = [one for one in _above(context, title) if one[0] != title]
    shown = {"above": above, "title": title}
    return render_to_string("unfold/helpers/header_title.html", shown)


def _above(context: Context, title: str) -> list[tuple[str, str]]:
    """The name and address of each page above: the list of what the page is about, if there is one,
    and the object, where the title does not name it.

    A page that the sidebar names is a section of its own.
    """
    opts: Any = context.get("opts")
    owner: Any = admin.site._registry.get(opts.model) if opts else None
    own_pages = {name for *_, name in getattr(owner, "sidebar_pages", ())}
    match = context["request"].resolver_match
    if match and match.view_name == "admin:guide":
        return [("Guides", reverse("admin:guides"))]
    if owner is None or (match and match.view_name in own_pages):
        return []
    try:
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    except NoReverseMatch:
        return []
    found = [(capfirst(opts.verbose_name_plural), address)]
    obj = context.get("object")
    if obj is not None and (name := getattr(owner, "name_of", str)(obj)) not in title:
        found.append((name, owner.url_to("change", obj.pk)))
    if section_of(opts.app_label) is Section.OTHER_OPTIONS:
        return [(other_options.TITLE, other_options.address()), *found]
    return found

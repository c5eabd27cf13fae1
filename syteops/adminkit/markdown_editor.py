"""A text area for Markdown: with buttons, and beside it what readers will see.

The text is the plain text area's, so what is sent is what was there, and without a script it stays
one. The buttons are GitHub's markdown-toolbar-element, shipped in static/syteops/editor.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.adminkit.texts import markdown_preview
from syteops.core.texts import LONGEST_CONTENT, TextEntity

_BUTTONS = (
    ("header", "Heading", "title", ""),
    ("bold", "Bold", "format_bold", "b"),
    ("italic", "Italic", "format_italic", "i"),
    ("strikethrough", "Strike through", "format_strikethrough", ""),
    ("quote", "Quote", "format_quote", ""),
    ("code", "Code", "code", ""),
    ("link", "Link", "link", "k"),
    ("unordered-list", "List", "format_list_bulleted", ""),
    ("ordered-list", "Numbered list", "format_list_numbered", ""),
)


LONG = 10_000
"""Characters from which on the page holds the text alone; its script asks for the preview."""


class MarkdownEditor(UnfoldAdminTextareaWidget):  # type: ignore[misc]
    """The text area; what is at `preview_url` renders what is written in it."""

    template_name = "admin/widgets/markdown_editor.html"

    def __init__(self, preview_url: str) -> None:
        super().__init__(attrs={"rows": 18})
        self.preview_url = preview_url

    class Media:
        js = (
            forms.Script("syteops/editor/markdown-toolbar-element.js", type="module"),
            forms.Script("syteops/editor/editor.js", type="module"),
        )

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        text = value or ""
        context["widget"] |= {
            "buttons": _BUTTONS,
            "preview_url": self.preview_url,
            "shown": None if LONG < len(text) <= LONGEST_CONTENT else markdown_preview(text),
        }
        return context

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        # Ours is no template of a form renderer, which looks into those of installed apps only.
        area = super()._render("django/forms/widgets/textarea.html", context, renderer)
        return render_to_string(template_name, {**context, "area": area})


class MarkdownAdmin(ServiceAdmin):
    """Base of admins of texts: their `content` is written with a preview beside it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        own = path("preview/", view, name=self.url_name("preview"))
        return [own, *super().get_urls()]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "content":
            kwargs["widget"] = MarkdownEditor(self.url_to("preview"))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "preview"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """For who may only read, what readers see, in place of how it is written."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, {**one, "fields": _read(one["fields"])}) for title, one in fieldsets]

    @admin.display(description="Content")
    def preview(self, text: TextEntity) -> str:
        """The content as readers see it."""
        return markdown_preview(text.content)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What readers will see of a text that is being written. Nothing is stored."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return HttpResponse(markdown_preview(request.POST.get("text", "")))


def _read(fields: Any) -> list[Any]:
    return ["preview" if one == "content" else one for one in fields]

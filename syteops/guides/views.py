"""The guides as pages of the admin, for everybody who may sign in to it."""

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from unfold.widgets import UnfoldAdminTextInputWidget

from syteops.guides.library import Guide, guides, search

# Guides by what follows in an address: sections that are another's apps, and pages that every list
# has. What is said here of a page within a section is nearer to it than the section's own guide.
_SECTIONS = {
    "auth": "people",
    "password_change": "people",
    "second-factor": "people",
    "other-options": "keys",
}
_CATALOGUES = ("integrations", "modules")
_PAGES = {"import": "import", "export": "import", "columns": "lists", "views": "lists"}


class GuideSearch(forms.Form):
    """What somebody looks for in the guides."""

    q = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "type": "search",
                "placeholder": "Search the guides",
                "aria-label": "Search the guides",
            }
        ),
    )

    def text(self) -> str:
        """What is looked for; "" for what nobody can look for."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""


def urls() -> list[URLPattern]:
    """The addresses, to stand below that of the admin."""
    return [
        path("guides/", admin.site.admin_view(_contents), name="guides"),
        path("guides/<slug:name>/", admin.site.admin_view(_guide), name="guide"),
    ]


def guide_for(request: HttpRequest) -> Guide | None:
    """The guide to the part of the admin that is shown, if there is one.

    An app's is the page of docs/ with its label, or the `guide` that its AppConfig names. An entry
    of a catalogue, such as Slack, has the one with its own name.
    """
    match = request.resolver_match
    if match is None:
        return None
    _, label, *further = f"{match.route}/".split("/")
    named = str(match.kwargs.get("slug") or match.kwargs.get("object_id") or "")
    app = apps.app_configs.get(label)
    own = [_PAGES[one] for one in further if one in _PAGES]
    own += [named] if label in _CATALOGUES else []
    usual = getattr(app, "guide", _SECTIONS.get(label, label))
    return next((guides()[one] for one in (*own, usual) if one in guides()), None)


def _contents(request: HttpRequest) -> HttpResponse:
    """All guides, or what was found in them."""
    form = GuideSearch(request.GET or None)
    text = form.text()
    return _page(request, "contents", "Guides", form=form, text=text, found=search(text))


def _guide(request: HttpRequest, name: str) -> HttpResponse:
    if name not in guides():
        raise Http404("There is no such guide.")
    guide = guides()[name]
    return _page(request, "guide", guide.title, form=GuideSearch(), guide=guide)


def _page(request: HttpRequest, template: str, title: str, **context: object) -> HttpResponse:
    shown = {**admin.site.each_context(request), "title": title, "guides": guides().values()}
    return render(request, f"admin/guides/{template}.html", {**shown, **context})

"""What the command palette finds of each admin: its objects, its pages, and what one can do there.

Only what the person may see or do; a few of each kind, each kind in a constant number of queries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest
from django.urls import reverse

from syteops.adminkit.list_pages import all_list_pages
from syteops.core.search import words_of
from syteops.lib.folding import fold

MOST = 5
"""Objects of each kind that are shown."""
MAX_LENGTH = 200
"""Characters of what is searched for."""


@dataclass(frozen=True)
class Found:
    """One line of the palette, and where it leads. The theme's template reads these names."""

    title: str
    description: str
    link: str
    icon: str = "article"
    is_last: bool = False
    """Whether it only leads to a further search."""
    presses: str = ""
    """The selector of what it presses on the page, where it leads nowhere."""


@dataclass(frozen=True)
class Wanted:
    """What somebody typed: the text as it is, and its words, folded."""

    text: str
    words: list[str]

    @classmethod
    def of(cls, text: str) -> "Wanted":
        """Nothing for a text that nobody would type."""
        is_beyond = len(text) > MAX_LENGTH or "\0" in text
        return cls("", []) if is_beyond else cls(text, words_of(text))

    def fits(self, *texts: str) -> bool:
        """Whether each word is in one of the texts."""
        folded = fold(" ".join(texts))
        return all(word in folded for word in self.words)

    def asks_for(self, verb: str, title: str) -> bool:
        """Whether it fits the title, and a word of it the verb: else nobody wants the action."""
        return self.fits(title) and any(word in fold(verb) for word in self.words)


class InPalette:
    """What an admin adds to the palette. Its `search_fields` find its objects."""

    has_objects_in_palette: ClassVar[bool] = True
    """Not of lists that only grow, such as the audit trail: each search there fits very much."""
    palette_pages: ClassVar[Iterable[tuple[str, str, str]]] = ()
    """Further pages and actions: title, icon and URL name of each, for those who see the list."""
    palette_adds: ClassVar[str] = "Add new create"
    """What people call adding one: the words by which that is found."""

    def palette(self, request: HttpRequest, wanted: Wanted, icon: str) -> Iterator[Found]:
        """What fits, for a person who may open the list."""
        opts: Any = self.opts  # type: ignore[attr-defined]
        kind = str(opts.verbose_name)
        if self.has_add_permission(request) and wanted.fits(self.palette_adds, kind):  # type: ignore[attr-defined]
            yield Found(f"Add {kind}", "Action", self.url_to("add"), "add")  # type: ignore[attr-defined]
        for title, its_icon, name in self.palette_pages:
            if wanted.fits(title):
                yield Found(title, "Action", reverse(name), its_icon)
        for one in all_list_pages():
            title = f"{one.title} {opts.verbose_name_plural}"
            if one.is_action and wanted.asks_for(one.title, title) and one.offered(self, request):
                yield Found(title, "Action", self.url_to(one.name), one.icon)  # type: ignore[attr-defined]
        for title, address in self.views_shown(request):  # type: ignore[attr-defined]
            if wanted.fits(title):
                yield Found(title, f"View of {opts.verbose_name_plural}", address, "bookmark")
        yield from self.palette_objects(request, wanted, icon)

    def palette_objects(self, request: HttpRequest, wanted: Wanted, icon: str) -> Iterator[Found]:
        """Those of its objects that fit, a few."""
        page: Any = self
        fields = page.get_search_fields(request)
        if not fields or not self.has_objects_in_palette:
            return
        kind = str(page.opts.verbose_name)
        for one in page.search(page.get_queryset(request), fields, wanted.text)[:MOST]:
            described = f"{kind} {getattr(one, 'slot', '')}".rstrip()
            yield Found(str(one), described, page.url_to("change", one.pk), icon)

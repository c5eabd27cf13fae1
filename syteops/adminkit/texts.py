"""What notes and estimates have in common in the admin."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from syteops.adminkit.service_admin import ServiceForm
from syteops.core.form_fields import JsonField
from syteops.core.texts import LONGEST_CONTENT
from syteops.lib.markdown import render
from syteops.lib.meta import validate_meta


class MetaField(JsonField):
    """A JSON object; what is none is shown again as it was typed."""

    def to_python(self, value: Any) -> Any:
        made = super().to_python(value)
        if made is not None or value not in self.empty_values:
            validate_meta(made)
        return made

    def prepare_value(self, value: Any) -> Any:
        """Nothing where there is none yet: Django shows `null`, which is no object."""
        return "" if value is None else super().prepare_value(value)


class TextForm(ServiceForm):
    """Takes `meta` as JSON, and leaves the slug to the services where it is blank."""

    meta = MetaField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="A JSON object in which tools keep what is theirs.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        if "excerpt" in self.fields:
            self.fields["excerpt"].widget.attrs["rows"] = 3

    def clean_meta(self) -> Any:
        given = self.cleaned_data["meta"]
        return {} if given is None else given


def markdown_preview(text: str) -> SafeString | str:
    """The text as readers see it, in the admin's own typography.

    Of one that is too long to be stored only that it is: rendering it could take long.
    """
    if len(text) > LONGEST_CONTENT:
        return f"The text is longer than {LONGEST_CONTENT:,} characters: it cannot be saved."
    if not text.strip():
        return "Nothing written yet."
    return format_html(
        '<div class="prose max-w-none" style="{}">{}</div>', _FOLLOWING_THE_THEME, render(text)
    )


# The typography brings its own colours, for light pages only.
_COLOURED = ("body", "headings", "links", "bold", "bullets", "counters", "quotes", "code")
_FOLLOWING_THE_THEME = ";".join(f"--tw-prose-{name}:currentColor" for name in _COLOURED)

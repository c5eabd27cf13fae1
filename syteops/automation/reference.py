"""The table of the families of variables in docs/variables.md; the rest is written by hand."""

from collections.abc import Iterator

from django.conf import settings

from manage_api.reference import cell, page
from syteops.core.variables import all_families
from syteops.lib.plain_files import read_text

_BEGIN = "<!-- families: written by `manage.py write_reference` -->\n\n"
_END = "\n<!-- end of families -->\n"


@page("variables.md")
def variables_page() -> str:
    """The page as it is, with the present families in its table."""
    written = read_text(settings.BASE_DIR / "docs" / "variables.md")
    before, _, rest = written.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return "".join((before, _BEGIN, "\n".join(_table()), "\n", _END, after))


def _table() -> Iterator[str]:
    yield "| Names | Source | What they hold |"
    yield "|---|---|---|"
    for one in all_families():
        names = ", ".join(f"`{name}`" for name in one.pattern.split(", "))
        source = f"`{one.source}`" + (" (module)" if one.module else "")
        yield f"| {cell(names)} | {source} | {cell(one.description)} |"

"""Every address of the API that has GET."""

from urllib.parse import urlencode

from django.urls import URLPattern

from manage_api.operations import all_operations
from manage_api.urls import urlpatterns
from manage_api.whoami import NowhereView
from syteops.lib.paths import API_ROOT
from tests.samples import all_samples

READS = {one.name: one for one in all_operations() if one.method == "GET"}
FIXED = [
    f"/{one.pattern}"
    for one in urlpatterns
    if isinstance(one, URLPattern) and getattr(one.callback, "view_class", None) is not NowhereView
]
GETS = [*FIXED, *READS]
"""The fixed addresses, and the names of the operations that are read by GET."""


def url_of(name: str) -> str:
    """The address of one of `GETS`, on objects freshly made; it has a query string."""
    if name not in READS:
        return f"{name}?{'resource=crm&action=list' if 'dispatch' in name else ''}"
    sample = all_samples()[name]()
    path = READS[name].path.format(**sample.path)
    return f"{API_ROOT}{path}?{urlencode(sample.params)}"

"""The look of the admin (django-unfold)."""

from typing import Any

_PRIMARY = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(65% .195 258.5)",
    "600": "oklch(54.6% .245 262.881)",
    "700": "oklch(48.8% .243 264.376)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}


def unfold_settings(name: str) -> dict[str, Any]:
    """The admin of a site of that name."""
    return {
        "SITE_TITLE": name,
        "SITE_HEADER": name,
        "SITE_SYMBOL": "vpn_key",
        "SITE_URL": None,
        "ACCOUNT": {"navigation": "syteops.dashboard.frame.account_links"},
        "LOGIN": {"form": "syteops.people.confirmation.SignInForm"},
        "SITE_FAVICONS": [
            {"rel": "icon", "type": "image/svg+xml", "href": "syteops.dashboard.frame.favicon"},
        ],
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "ENVIRONMENT": "syteops.dashboard.frame.environment_label",
        "DASHBOARD_CALLBACK": "syteops.dashboard.frame.dashboard",
        "STYLES": ["syteops.dashboard.frame.stylesheet"],
        "SCRIPTS": [
            "syteops.dashboard.frame.script",
            "syteops.dashboard.frame.operable_script",
            "syteops.dashboard.frame.forms_script",
            "syteops.dashboard.frame.palette_script",
        ],
        "COLORS": {"primary": _PRIMARY},
        "SIDEBAR": {
            "show_search": True,
            "command_search": True,
            "navigation": "syteops.dashboard.frame.navigation",
        },
    }
